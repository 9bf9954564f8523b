-- wrk's requests: chunk after chunk of a file from a random one on, none again before all the others.
-- MODE range asks a file server for ranges, proxy asks nginx with the range in the query, and
-- anything else is the path of a Zarr array.
local mode = os.getenv("MODE")
local size = tonumber(os.getenv("SIZE"))
local count = tonumber(os.getenv("COUNT"))
math.randomseed(os.time())
local i = math.random(count) - 1

request = function()
  i = (i + 7919) % count
  local first = i * size
  local range = string.format("%d-%d", first, first + size - 1)
  if mode == "range" then
    return wrk.format("GET", "/data.bin", { Range = "bytes=" .. range })
  elseif mode == "proxy" then
    return wrk.format("GET", "/chunk?r=" .. range)
  end
  return wrk.format("GET", string.format("%s/c/%d", mode, i))
end

done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    "RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout
  ))
end
