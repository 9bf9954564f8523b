/** The data type and the codecs, in Zarr v3 terms, of an image's values. Source: FORMATS 8.2 to 8.4; TIFF 6.0. */

import type { Codec, DataType } from "../../src/zarr/metadata.ts";
import type { Image } from "./image.ts";

/** How an image's tiles are encoded. */
export interface ImageEncoding {
  /** What a value is. */
  readonly dataType: DataType;
  /** Bytes of a value once it is decoded. */
  readonly itemBytes: number;
  /** In the order of encoding, without what takes samples apart. */
  readonly codecs: readonly Codec[];
  /** Bytes of a stored row of a tile, where nothing compresses it. */
  readonly rowBytes?: number;
  /** Why there is none that is decoded here. */
  readonly unsupported?: string;
}

/** Compressions that no decoder here undoes, by their names. */
const REFUSED: Readonly<Record<number, string>> = {
  2: "CCITT modified Huffman",
  3: "CCITT Group 3 fax",
  4: "CCITT Group 4 fax",
  6: "old-style JPEG",
  7: "JPEG",
  9: "JBIG",
  10: "JBIG",
  32771: "CCITT RLEW",
  32809: "ThunderScan",
  32909: "Pixar Log",
  33003: "JPEG 2000",
  33005: "JPEG 2000",
  34661: "JBIG",
  34676: "SGI LogL",
  34677: "SGI LogLuv",
  34712: "JPEG 2000",
  34887: "LERC",
  34925: "LZMA",
  50001: "WebP",
  50002: "JPEG XL",
  52546: "JPEG XL",
};

/** Bits that values may have without being packed. */
const WHOLE_BITS: readonly number[] = [8, 16, 32, 64, 128];

/**
 * How the tiles of `image` are encoded. Never throws: what is not decoded here has the reason.
 *
 * @param factor what packed values are multiplied by
 */
export function imageEncoding(image: Image, factor = 1): ImageEncoding {
  const { bits, format, interleaved, tileWidth, directory: { layout } } = image;
  const samples = interleaved ? image.samples : 1;
  const rowItems = tileWidth * samples;
  const isPacked = !WHOLE_BITS.includes(bits);
  const { dataType, itemBytes } = typeOf(bits, format);
  const toBytes: Codec = itemBytes === 1 ? { name: "bytes" } : {
    name: "bytes",
    configuration: { endian: layout.littleEndian || isPacked ? "little" : "big" },
  };
  const packed: Codec[] = isPacked
    ? [{ name: "tiff.bits", configuration: { bits, row_items: rowItems, factor } }]
    : [];
  const predicted: Codec[] = image.predictor === 1 ? [] : [{
    name: "tiff.predictor",
    configuration: {
      predictor: image.predictor,
      width: tileWidth,
      samples,
      item_bytes: itemBytes,
      endian: layout.littleEndian ? "little" : "big",
    },
  }];
  const compressor = compressorOf(image.compression);
  const rowBytes = isPacked ? Math.ceil(rowItems * bits / 8) : rowItems * itemBytes;
  const unsupported = image.unsupported ?? refusal(image, isPacked);
  return {
    dataType,
    itemBytes,
    // Nothing predicts what nothing compresses.
    codecs: [toBytes, ...packed, ...(compressor.length > 0 ? predicted : []), ...compressor],
    ...(image.compression === 1 && { rowBytes }),
    ...(unsupported !== undefined && { unsupported }),
  };
}

function refusal(image: Image, isPacked: boolean): string | undefined {
  const { bits, format, compression, predictor, photometric } = image;
  const name = REFUSED[compression];
  if (name !== undefined || !IS_READ.has(compression)) {
    return `its tag Compression (259) is ${compression}${name ? `, ${name}` : ""}, ` +
      "which is not decoded here";
  }
  if (!isKnownType(bits, format)) {
    return `its tags BitsPerSample (258) and SampleFormat (339) are ${bits} and ${format}, ` +
      "which no data type here is";
  }
  if (compression !== 1 && predictor !== 1) {
    const isFloat = format === 3 && [16, 32, 64].includes(bits);
    const isWhole = !isPacked && bits <= 64 && format !== 5 && format !== 6;
    if (predictor === 2 ? !isWhole : !(predictor === 3 && isFloat)) {
      return `its tag Predictor (317) is ${predictor}, of ${bits} bits: not decoded here`;
    }
  }
  return photometric === 6 || photometric === 8 || photometric > 32000
    ? `its tag PhotometricInterpretation (262) is ${photometric}: its colours are not decoded here`
    : undefined;
}

/** Compressions that are decoded. */
const IS_READ: ReadonlySet<number> = new Set([1, 5, 8, 32773, 32946, 50000]);

function compressorOf(compression: number): Codec[] {
  switch (compression) {
    case 5:
      return [{ name: "tiff.lzw" }];
    case 8:
    case 32946:
      return [{ name: "numcodecs.zlib" }];
    case 32773:
      return [{ name: "tiff.packbits" }];
    case 50000:
      return [{ name: "zstd", configuration: { level: 0, checksum: false } }];
    default:
      return [];
  }
}

function isKnownType(bits: number, format: number): boolean {
  switch (format) {
    case 1:
      return bits >= 1 && (bits < 32 || bits === 32 || bits === 64);
    case 2:
      return [8, 16, 32, 64].includes(bits);
    case 3:
      return [16, 32, 64].includes(bits);
    case 6:
      return [64, 128].includes(bits);
    default:
      return false;
  }
}

function typeOf(bits: number, format: number): { dataType: DataType; itemBytes: number } {
  const width = bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : bits <= 64 ? 64 : 128;
  const kind = format === 2 ? "int" : format === 3 ? "float" : format === 6 ? "complex" : "uint";
  const isType = isKnownType(bits, format);
  return isType
    ? { dataType: `${kind}${width}`, itemBytes: width / 8 }
    : { dataType: "uint8", itemBytes: 1 };
}
