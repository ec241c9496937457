/**
 * A PC's engine in a process of its own: makes a device equal to the one partition of an image. Arguments: the store's URL, the
 * manifest's digest, the device. Prints the tally as JSON.
 */
import { makeEqual } from '../../../imager/engine/make-equal.ts'
import { isManifestDigest } from '../../../imaging/digest.ts'
import { createHttpSource } from '../../../imaging/http-source.ts'
import { parseManifest } from '../../../imaging/manifest-codec.ts'

const [baseUrl, digest, device] = process.argv.slice(2)
if (baseUrl === undefined || !isManifestDigest(digest) || device === undefined)
  throw new Error('equal-process.ts URL DIGEST DEVICE')

const { signal } = new AbortController()
const source = createHttpSource({ baseUrl })
const fetched = await source.manifest(digest, signal)
if (!fetched.ok) throw new Error(fetched.message.en)
const parsed = parseManifest(fetched.value.bytes)
if (!parsed.ok) throw new Error(parsed.message.en)
const { manifest } = parsed
const result = await makeEqual({
  targets: manifest.partitions.map((partition) => ({
    partition,
    device,
    offsetBytes: 0,
    sizeBytes: partition.sizeBytes,
    bootable: 'system',
  })),
  source,
  manifest,
  report: () => undefined,
  signal,
})
source.close()
if (!result.ok) throw new Error(result.detail.en)
console.log(JSON.stringify(result.tally))
