import test from 'ava'
import type { PlacedPartition } from '../../../imager/agent/layout-plan.ts'
import { hasSystem, isToGrow } from '../../../imager/agent/system-identity.ts'
import type { ChunkListDigest, UsedMapDigest } from '../../../imaging/digest.ts'
import type { FileSystemKind, ManifestPartition } from '../../../imaging/manifest.ts'
import type { LayoutPartition } from '../../../imaging/protocol.ts'

const mebibyte = 2 ** 20

function placed(
  wanted: Pick<LayoutPartition, 'name' | 'type' | 'content'> & Partial<LayoutPartition>,
  fileSystem?: FileSystemKind,
  os?: 'debian' | 'windows',
): PlacedPartition {
  const image: ManifestPartition | undefined = fileSystem && {
    name: wanted.name,
    number: 1,
    type: 'x',
    sizeBytes: mebibyte,
    fileSystem: { kind: fileSystem },
    list: '' as ChunkListDigest,
    map: '' as UsedMapDigest,
    usedBytes: 0,
    storedBytes: 0,
    ...(os === undefined ? {} : { os }),
  }
  return {
    name: wanted.name,
    number: 1,
    startBytes: mebibyte,
    sizeBytes: 2 * mebibyte,
    type: 'x',
    isNew: false,
    wanted: { sizeBytes: 'rest', ...wanted },
    ...(image === undefined ? {} : { image }),
  }
}

const grub = placed({ name: 'grub', type: 'bios', content: 'image' }, 'raw')
const esp = placed({ name: 'esp', type: 'esp', content: 'image' }, 'vfat')
const root = placed({ name: 'root', type: 'linux', content: 'image', os: 'debian' }, 'ext4')
const windows = placed({ name: 'win', type: 'windows', content: 'image' }, 'ntfs', 'windows')
const home = placed({ name: 'home', type: 'linux', content: 'image' }, 'ext4')
const data = placed({ name: 'data', type: 'data', content: 'keep' })
const all = [grub, esp, root, windows, home, data]

test('room is only made, and told of, where a file system can take it', (t) => {
  t.deepEqual(all.filter(isToGrow), [root, windows, home])
  t.false(isToGrow({ ...root, sizeBytes: mebibyte }), 'the image fills it')
})

test('only systems are given a name, and that is told of them alone', (t) => {
  t.deepEqual(all.filter(hasSystem), [root, windows])
})
