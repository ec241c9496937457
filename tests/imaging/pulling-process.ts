/** Pulls an image in a process of its own, so that it can be killed: `pulling-process.ts ORIGIN STORE LABEL DIGEST PUBLIC-KEY-FILE`. */
import { readFile } from 'node:fs/promises'
import { systemClock } from '../../cli/clock.ts'
import { isManifestDigest } from '../../imaging/digest.ts'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { createHttpSource } from '../../imaging/http-source.ts'
import { parseImageLabel } from '../../imaging/store-paths.ts'
import { pullImage } from '../../providers/imaging/pull.ts'

const [origin = '', folder = '', word = '', digest, keyFile = ''] = process.argv.slice(2)
const label = parseImageLabel(word)?.label
if (label === undefined || !isManifestDigest(digest)) throw new Error('which image?')
const source = createHttpSource({ baseUrl: origin })
const pulled = await pullImage(
  {
    from: source,
    into: openFolderStore(folder),
    parkKey: await readFile(keyFile, 'utf8'),
    clock: systemClock,
  },
  { label, digest },
  new AbortController().signal,
)
source.close()
process.stdout.write(JSON.stringify(pulled.ok ? pulled.value : pulled))
process.exitCode = pulled.ok ? 0 : 1
