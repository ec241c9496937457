/** Imports a partition into a store on a disk that is too small, then moves the store to a larger one and goes on. Prints what it saw. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { isTemporary } from '../../imaging/atomic-file.ts'
import { openChunkOfAnySize } from '../../imaging/codec.ts'
import { isChunkName } from '../../imaging/digest.ts'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { importImage } from '../../imaging/import/import-image.ts'
import { createSigningKey } from '../../imaging/signature.ts'

const [, , small = '', partition = ''] = process.argv
const larger = await mkdtemp(join(tmpdir(), 'proviseur-larger-'))

const importInto = (folder: string) =>
  importImage(openFolderStore(folder), {
    name: 'debian-edu',
    version: '1',
    singles: [{ name: 'root', path: partition }],
    from: [],
    replace: false,
    createdAt: '2026-09-01T06:00:00Z',
    source: 'test',
    scratch: larger,
    privateKeyPem: createSigningKey().privateKeyPem,
    onNote: () => {},
    onProgress: () => {},
  })

try {
  const folder = join(small, 'images')
  const result = await importInto(folder)
  const store = openFolderStore(folder)
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  )
  const names = files.map(({ name }) => basename(name, '.zst')).filter(isChunkName)
  const damaged: string[] = []
  for (const name of names) {
    const compressed = await store.readChunk(name)
    if (compressed === undefined || !openChunkOfAnySize(name, compressed).ok) damaged.push(name)
  }
  await cp(folder, join(larger, 'images'), { recursive: true })
  const again = await importInto(join(larger, 'images'))
  console.log(
    JSON.stringify({
      code: result.ok ? 'done' : result.code,
      chunks: names.length,
      temporary: files.map(({ name }) => name).filter(isTemporary),
      damaged,
      names: [...(await store.pointers()).keys()],
      afterwards: again.ok ? 'done' : again.code,
    }),
  )
} finally {
  await rm(larger, { recursive: true })
}
