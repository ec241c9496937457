/**
 * Images for the lab's whole PCs: a small Debian that boots by itself on BIOS and UEFI (Secure Boot too) up to sshd, and its next
 * version, made of it by a real apt in a chroot. GPT with `bios`, `esp`, `root`; GUIDs and UUIDs are fixed, so that both versions
 * are one system at two ages. Built once and kept in `.lab/vm/images/<digest of the recipe>`; some minutes, the first time.
 *
 * ```ts
 * const { v1, v2 } = await debianImages()            // { file: 'disk.raw', … }: raw disks, sparse, never written to again
 * const pc = await createVm(network, { …, disks: [{ from: v1.file }] })
 * await pc.waitForSerial(/lab: (\S+) has started, image 1/)      // printed once sshd runs; the name is the PC's host name
 * ```
 *
 * root's password is empty and no key is installed: the imager's identity step brings the key. The systems take their address by
 * DHCP. Between v1 and v2: package `bureautique` 1.0 → 2.0 from the lab's repository, `manuel` added (8 MiB that do not compress), Debian's vim
 * installed (some 40 MB), and whatever dpkg touches.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hostMirrors } from '../base.ts'
import { must } from '../command.ts'
import { GROUND, type Ground, layGround } from '../ground.ts'
import { openRepository } from '../repository.ts'
import { PROBE_KERNEL } from './accelerator.ts'

export type TestImage = {
  /** Raw disk. */
  readonly file: string
  readonly sizeBytes: number
  readonly partitions: Readonly<
    Record<'bios' | 'esp' | 'root', { readonly startBytes: number; readonly sizeBytes: number }>
  >
}

export type DebianImages = { readonly v1: TestImage; readonly v2: TestImage }

const SUITE = 'bookworm'
const MIB = 1 << 20
const ROOT_UUID = '6d1f0d0a-5c1e-4a53-9d51-0a54f3c2b001'
const LAYOUT = {
  bios: { startBytes: 1 * MIB, sizeBytes: 1 * MIB },
  esp: { startBytes: 2 * MIB, sizeBytes: 40 * MIB },
  root: { startBytes: 42 * MIB, sizeBytes: 600 * MIB },
} as const
const DISK_BYTES = 644 * MIB
const SECTOR = 512

const INCLUDE = [
  ...['linux-image-cloud-amd64', 'systemd-sysv', 'udev', 'openssh-server', 'initramfs-tools', 'kmod'],
  ...['e2fsprogs', 'iproute2', 'procps', 'zstd', 'usr-is-merged'],
]
/** Drivers that no PC of the lab has; and what people, not machines, read. */
const EXCLUDE = [
  ...['man', 'locale', 'doc', 'info'].map((name) => `/usr/share/${name}/*`),
  ...[
    ...[
      'drivers/gpu',
      'drivers/infiniband',
      'drivers/net/ethernet/mellanox',
      'arch/x86/kvm',
      'net/netfilter',
    ],
    ...[
      'net/sctp',
      'fs/xfs',
      'fs/btrfs',
      'fs/ocfs2',
      'fs/ceph',
      'fs/gfs2',
      'fs/nfs',
      'fs/nfsd',
      'fs/cifs',
      'fs/smb',
    ],
  ].map((name) => `/lib/modules/*/kernel/${name}/*`),
]
/** Only the drivers by which a lab's PC reaches its disk: the ramdisk is then small, and quickly unpacked. */
const RAMDISK = `mkdir -p "$1"/etc/initramfs-tools/conf.d
printf 'MODULES=list\\nCOMPRESS=zstd\\nCOMPRESSLEVEL=3\\nFSTYPE=ext4\\n' >"$1"/etc/initramfs-tools/conf.d/lab
printf 'virtio_pci\\nvirtio_blk\\nahci\\nsd_mod\\nnvme\\next4\\n' >"$1"/etc/initramfs-tools/lab-modules`

const OPTIONS = [
  ...['--mode=root', '--variant=apt', '--format=directory', `--include=${INCLUDE.join(',')}`],
  ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'],
  ...EXCLUDE.map((path) => `--dpkgopt=path-exclude=${path}`),
  `--essential-hook=${RAMDISK}`,
  '--customize-hook=cp "$1"/etc/initramfs-tools/lab-modules "$1"/etc/initramfs-tools/modules; chroot "$1" update-initramfs -u >/dev/null',
]

const RECIPE = fileURLToPath(new URL('debian/recipe', import.meta.url))
const CACHE = fileURLToPath(new URL('../../../.lab/vm/images/', import.meta.url))

/** Both versions; made now if this recipe's are not there. Several processes may ask at once: one makes them. */
export async function debianImages(tell: (step: string) => void = () => undefined): Promise<DebianImages> {
  const folder = join(CACHE, await recipeDigest())
  await mkdir(CACHE, { recursive: true })
  await withLock(join(CACHE, 'lock'), async () => {
    if (existsSync(folder)) return
    const draft = `${folder}.draft`
    await rm(draft, { recursive: true, force: true })
    await mkdir(draft)
    await buildImages(draft, tell)
    for (const name of await readdir(CACHE))
      if (/^[0-9a-f]{16}$/.test(name)) await rm(join(CACHE, name), { recursive: true })
    await rename(draft, folder)
  })
  if (!existsSync(PROBE_KERNEL)) await copyFile(join(folder, 'vmlinuz'), PROBE_KERNEL)
  const image = (name: string): TestImage => ({
    file: join(folder, name),
    sizeBytes: DISK_BYTES,
    partitions: LAYOUT,
  })
  return { v1: image('v1.raw'), v2: image('v2.raw') }
}

async function recipeDigest(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of [RECIPE, fileURLToPath(import.meta.url)]) hash.update(await readFile(file))
  return hash.digest('hex').slice(0, 16)
}

async function buildImages(folder: string, tell: (step: string) => void): Promise<void> {
  tell('root file system')
  const root = join(folder, 'root')
  await must(
    'mmdebstrap',
    [...OPTIONS, `--customize-hook='${RECIPE}' "$1" '${folder}'`, SUITE, root, ...(await hostMirrors())],
    { timeoutMs: 900_000 },
  )
  await using work = await openWork(folder)
  tell('first version')
  await installLabPackage(work, root)
  await must(
    'mke2fs',
    [
      ...['-q', '-t', 'ext4', '-L', 'system', '-U', ROOT_UUID, '-E', `hash_seed=${ROOT_UUID}`, '-d', root],
      ...[join(folder, 'root.ext4'), `${LAYOUT.root.sizeBytes / 1024}k`],
    ],
    { timeoutMs: 300_000 },
  )
  await rm(root, { recursive: true })
  await assembleDisk(folder, join(folder, 'v1.raw'))
  tell('second version')
  await must('cp', ['--sparse=always', join(folder, 'v1.raw'), join(folder, 'v2.raw')])
  await upgrade(work, join(folder, 'v2.raw'), join(folder, 'packages'))
  for (const name of [
    'packages',
    'root.ext4',
    'esp.fat',
    'core.img',
    'boot.img',
    'shimx64.efi.signed',
    'grubx64.efi.signed',
  ])
    await rm(join(folder, name), { recursive: true })
}

type Work = {
  readonly ground: Ground
  readonly repository: Awaited<ReturnType<typeof openRepository>>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Namespaces for mounts and for apt, which sees the lab's repository and nothing else. */
async function openWork(folder: string): Promise<Work> {
  const ground = await layGround(folder)
  return {
    ground,
    repository: await openRepository(ground, '127.0.0.1'),
    [Symbol.asyncDispose]: ground.dispose,
  }
}

const APT = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C.UTF-8', 'apt-get', '--yes', '-q'] as const

/** So that there is something to upgrade. */
async function installLabPackage({ ground, repository }: Work, root: string): Promise<void> {
  await repository.publish('bureautique', '1.0', { sizeBytes: 4 * MIB })
  await writeFile(join(root, 'etc/apt/sources.list'), `${repository.source}\n`)
  await chroot(ground, root, [...APT, 'update'])
  await chroot(ground, root, [...APT, 'install', 'bureautique'])
  await ground.must([
    'sh',
    '-c',
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/archives/*.deb',
    'clean',
    root,
  ])
}

/** In the file system as it is, so that what stays the same stays where it was. */
async function upgrade({ ground, repository }: Work, disk: string, packages: string): Promise<void> {
  await repository.publish('bureautique', '2.0', { sizeBytes: 4 * MIB })
  await repository.publish('manuel', '1.0', { sizeBytes: 8 * MIB })
  const root = `${GROUND}/disks/root`
  const { startBytes, sizeBytes } = LAYOUT.root
  await ground.must(['mkdir', '-p', root])
  await ground.must(['mount', '-o', `loop,offset=${startBytes},sizelimit=${sizeBytes}`, disk, root])
  await ground.must(['cp', '-r', packages, `${root}/var/tmp/packages`])
  await chroot(ground, root, [...APT, 'update'])
  await chroot(ground, root, [...APT, 'upgrade'])
  await chroot(ground, root, ['sh', '-ec', `${APT.join(' ')} install manuel /var/tmp/packages/*.deb`])
  await ground.must([
    'sh',
    '-ec',
    'rm -rf "$1"/var/tmp/packages "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/archives/*.deb; echo 2 >"$1"/etc/lab-image; umount "$1"',
    'finish',
    root,
  ])
}

async function chroot(ground: Ground, root: string, command: readonly string[]): Promise<void> {
  const policy = join(root, 'usr/sbin/policy-rc.d')
  // No service of the host may be started by a package that is installed in there.
  await ground.must(['sh', '-c', 'printf "#!/bin/sh\\nexit 101\\n" >"$1"; chmod 0755 "$1"', 'policy', policy])
  await ground.must(['chroot', root, ...command], { timeoutMs: 300_000 })
  await ground.must(['rm', policy])
}

/** GPT, boot code and boot programs around the root file system; no loop device, no mount. */
async function assembleDisk(folder: string, disk: string): Promise<void> {
  await writeFile(disk, '')
  await must('truncate', ['--size', String(DISK_BYTES), disk])
  const line = (name: keyof typeof LAYOUT, type: string, number: number): string =>
    `start=${LAYOUT[name].startBytes / SECTOR}, size=${LAYOUT[name].sizeBytes / SECTOR}, type=${type}, name=${name}, uuid=6D1F0D0A-5C1E-4A53-9D51-0A54F3C2A00${number}`
  await must('sfdisk', ['--quiet', disk], {
    input: [
      'label: gpt',
      'label-id: 6D1F0D0A-5C1E-4A53-9D51-0A54F3C2A000',
      line('bios', '21686148-6449-6E6F-744E-656564454649', 1),
      line('esp', 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', 2),
      line('root', '0FC63DAF-8483-4772-8E79-3D69D8477DE4', 3),
      '',
    ].join('\n'),
  })
  await makeEsp(folder, join(folder, 'esp.fat'))
  await place(join(folder, 'esp.fat'), disk, LAYOUT.esp.startBytes)
  await place(join(folder, 'root.ext4'), disk, LAYOUT.root.startBytes)
  await installBiosLoader(folder, disk)
}

async function makeEsp(folder: string, file: string): Promise<void> {
  await writeFile(file, '')
  await must('truncate', ['--size', String(LAYOUT.esp.sizeBytes), file])
  await must('mkfs.vfat', ['-F', '32', '-s', '1', '-n', 'ESP', '-i', '6D1F0D0A', '--invariant', file])
  const config = join(folder, 'esp.cfg')
  await writeFile(
    config,
    `search.fs_uuid ${ROOT_UUID} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n`,
  )
  const mtools = (command: string, ...args: readonly string[]): Promise<string> =>
    must(command, ['-i', file, ...args])
  await mtools('mmd', '::/EFI', '::/EFI/BOOT', '::/EFI/debian')
  await mtools('mcopy', join(folder, 'shimx64.efi.signed'), '::/EFI/BOOT/BOOTX64.EFI')
  await mtools('mcopy', join(folder, 'grubx64.efi.signed'), '::/EFI/BOOT/grubx64.efi')
  await mtools('mcopy', config, '::/EFI/debian/grub.cfg')
  await rm(config)
}

/**
 * What grub-install would do: boot.img in the MBR with the place of the core's first sector (8 bytes at 0x5c), and in that sector
 * the place of the rest (8 bytes at 0x1f4; the length is there already).
 */
async function installBiosLoader(folder: string, disk: string): Promise<void> {
  const start = LAYOUT.bios.startBytes / SECTOR
  const boot = (await readFile(join(folder, 'boot.img'))).subarray(0, 440)
  boot.writeBigUInt64LE(BigInt(start), 0x5c)
  const core = await readFile(join(folder, 'core.img'))
  core.writeBigUInt64LE(BigInt(start + 1), 0x1f4)
  const handle = await open(disk, 'r+')
  try {
    await handle.write(boot, 0, boot.length, 0)
    await handle.write(core, 0, core.length, LAYOUT.bios.startBytes)
  } finally {
    await handle.close()
  }
}

const place = (file: string, disk: string, atBytes: number): Promise<string> =>
  must('dd', [
    `if=${file}`,
    `of=${disk}`,
    'bs=1M',
    `seek=${atBytes / MIB}`,
    'conv=notrunc,sparse',
    'status=none',
  ])

/** flock gives way by itself when its holder dies, and its holder ends with us. */
async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  const holder = spawn('flock', [lock, '/bin/sh', '-c', 'echo locked; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(holder, 'close')
  await once(holder.stdout, 'data')
  try {
    await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
