/** A process of its own that makes a file equal to an image, to be killed: `node killed-restore.ts STORE DISK PARTITION JOURNAL`. */
import { readFile } from 'node:fs/promises'
import { openJournal } from '../../../imager/engine/journal.ts'
import { makeEqual } from '../../../imager/engine/make-equal.ts'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import type { ManifestPartition } from '../../../imaging/manifest.ts'
import { folderSource } from '../../../imaging/source.ts'

const [store = '', disk = '', described = '', journal = ''] = process.argv.slice(2)
const { partition, chunkBytes }: { partition: ManifestPartition; chunkBytes: number } = JSON.parse(
  await readFile(described, 'utf8'),
)
const result = await makeEqual({
  targets: [{ partition, device: disk, offsetBytes: 0, sizeBytes: partition.sizeBytes, bootable: 'system' }],
  source: folderSource(openFolderStore(store)),
  manifest: { chunkBytes },
  report: ({ written }) => process.stdout.write(`${written}\n`),
  signal: new AbortController().signal,
  journal: openJournal(journal, 20),
})
process.exitCode = result.ok ? 0 : 1
