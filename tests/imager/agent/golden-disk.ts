/** A disk from which an image is made: a small Debian-like root on ext4, and an EFI system partition. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ManifestDigest } from '../../../imaging/digest.ts'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import { importImage } from '../../../imaging/import/import-image.ts'
import type { Manifest } from '../../../imaging/manifest.ts'
import type { Layout } from '../../../imaging/protocol.ts'
import { mebibyte, run } from './run.ts'

export const espBytes = 40 * mebibyte
export const rootBytes = 48 * mebibyte

/** The PC's root is larger than the image's. */
export const layout: Layout = {
  table: 'gpt',
  partitions: [
    { name: 'bios', type: 'bios', sizeBytes: mebibyte, content: 'empty' },
    { name: 'esp', type: 'esp', sizeBytes: espBytes, content: 'image' },
    {
      name: 'root',
      type: 'linux',
      sizeBytes: 64 * mebibyte,
      content: 'image',
      os: 'debian',
      title: 'Debian des élèves',
    },
    { name: 'cache', type: 'linux', sizeBytes: 160 * mebibyte, content: 'cache' },
    { name: 'data', type: 'linux', sizeBytes: 'rest', content: 'keep' },
  ],
}

/**
 * A system's own boot menu, in the place of a kernel: it says that it was reached and switches the PC off. Without that GRUB would come back
 * from it into the menu that led there, and wait for a key, as busy as it always waits.
 */
export const startOf = (name: string): string =>
  // On one terminal only: two that end on the same line would spell it mixed up.
  `terminal_output serial\necho\necho here is ${name}\nhalt\n`

const rootFiles: Readonly<Record<string, string>> = {
  'etc/hostname': 'golden\n',
  'etc/hosts': '127.0.0.1\tlocalhost\n127.0.1.1\tgolden\n',
  'etc/machine-id': 'uninitialized\n',
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000:,,,:/home/admin:/bin/bash\n',
  'etc/ssh/sshd_config': 'PermitRootLogin prohibit-password\n',
  'etc/ssh/ssh_host_rsa_key': 'the image’s own\n',
  'etc/fstab': 'LABEL=root / ext4 defaults 0 1\n',
  'boot/grub/grub.cfg': startOf('Debian'),
  'var/lib/proviseur/fence': '1 1 image\n',
  'root/.profile': '',
  'home/admin/.profile': '',
  'home/partage/readme': 'shared\n',
}

/** `variant`: contents that two versions of the image do not share. */
export async function makeGoldenDisk(
  folder: string,
  variant = 'v1',
  payloadBytes = 6 * mebibyte,
): Promise<string> {
  const root = await makeRoot(folder, `root-${variant}`, { 'etc/version': `${variant}\n` }, payloadBytes)
  const esp = await makeEsp(folder, variant)
  const disk = await blank(join(folder, `golden-${variant}.img`), 100 * mebibyte)
  await writeTable(disk, goldenTable)
  await copyInto(disk, esp, mebibyte)
  await copyInto(disk, root, mebibyte + espBytes)
  return disk
}

/** File system of a small Debian-like system: the files of every one, and these. */
export async function makeRoot(
  folder: string,
  name: string,
  files: Readonly<Record<string, string>>,
  payloadBytes: number,
): Promise<string> {
  const tree = join(folder, `tree-${name}`)
  for (const [path, text] of Object.entries({ ...rootFiles, ...files })) {
    await mkdir(join(tree, path, '..'), { recursive: true })
    await writeFile(join(tree, path), text)
  }
  await chmod(join(tree, 'root'), 0o700)
  await writeFile(join(tree, 'payload'), randomBytes(payloadBytes))
  const root = await blank(join(folder, `${name}.img`), rootBytes)
  await run('mke2fs', '-q', '-F', '-t', 'ext4', '-L', 'root', '-d', tree, root)
  await rm(tree, { recursive: true })
  return root
}

export async function makeEsp(folder: string, variant: string): Promise<string> {
  const esp = await blank(join(folder, `esp-${variant}.img`), espBytes)
  const version = join(folder, `version-${variant}`)
  await writeFile(version, `${variant}\n`)
  await run('mkfs.vfat', '-n', 'ESP', esp)
  await run('mmd', '-i', esp, '::/EFI', '::/EFI/Microsoft')
  await run('mcopy', '-i', esp, version, '::/EFI/Microsoft/version')
  return esp
}

/** `table`: sfdisk(8)'s own language. */
export async function writeTable(disk: string, table: string): Promise<void> {
  await writeFile(`${disk}.table`, table)
  await run('sh', '-c', 'sfdisk --quiet "$1" <"$1.table"', 'sh', disk)
}

const goldenTable = `label: gpt
label-id: 0A1B2C3D-0000-4000-8000-00000000D15C
start=${mebibyte / 512}, size=${espBytes / 512}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=esp, uuid=0A1B2C3D-0000-4000-8000-000000000E59
start=${(mebibyte + espBytes) / 512}, size=${rootBytes / 512}, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=root, uuid=0A1B2C3D-0000-4000-8000-00000000007A
`

export async function blank(path: string, sizeBytes: number): Promise<string> {
  await (await open(path, 'w')).close()
  await truncate(path, sizeBytes)
  return path
}

export const copyInto = (disk: string, part: string, offsetBytes: number) =>
  run(
    'dd',
    `if=${part}`,
    `of=${disk}`,
    'bs=1M',
    `seek=${offsetBytes / mebibyte}`,
    'conv=notrunc,sparse',
    'status=none',
  )

export async function importGolden(
  store: string,
  disk: string,
  version: string,
  privateKeyPem: string,
  of: Layout = layout,
): Promise<{ readonly digest: ManifestDigest; readonly manifest: Manifest }> {
  await mkdir(store, { recursive: true })
  const imported = await importImage(openFolderStore(store), {
    name: 'debian-edu',
    version,
    diskPath: disk,
    singles: [],
    from: [],
    layout: of,
    replace: false,
    createdAt: '2026-09-01T06:00:00Z',
    source: 'golden.img',
    scratch: join(store, '..'),
    privateKeyPem,
    onNote: () => undefined,
    onProgress: () => undefined,
  })
  if (!imported.ok) throw new Error(imported.message.en)
  return imported.value
}
