/**
 * The demo's seventh PC: a whole one in QEMU, with firmware and an empty disk, on the wire of the six others. Its image is a small
 * Debian, as a technician would have prepared it in a virtual machine.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { say, type Text } from '../../specs/text.ts'
import { must } from '../lab/command.ts'
import { type Lab, LabUnavailable } from '../lab/lab.ts'
import type { ParkOptions } from '../lab/park.ts'
import { accelerator } from '../lab/vm/accelerator.ts'
import { debianImages } from '../lab/vm/debian-image.ts'
import { createVm, type Vm } from '../lab/vm/vm.ts'
import { layVmNetwork, type VmNetwork } from '../lab/vm/vm-network.ts'
import { secondCommit } from './lycee.ts'

export const seventh = { name: 'b204-05', room: 'b204', index: 7 } as const

/** Program → Debian package: those that six PCs do without. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  dnsmasq: 'dnsmasq-base',
  sfdisk: 'fdisk',
  mke2fs: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  ntfscat: 'ntfs-3g',
}

/** Rejects with `LabUnavailable` where it cannot be, before anything is begun. */
export function needWholePc(): void {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  const absent = Object.keys(PROGRAMS).filter(
    (program) => !folders.some((folder) => existsSync(join(folder, program))),
  )
  if (absent.length === 0) return
  const packages = [...new Set(absent.map((program) => PROGRAMS[program]))].join(' ')
  throw new LabUnavailable(
    say(
      `The seventh PC needs programs that this machine lacks: ${absent.join(', ')}. On Debian or Ubuntu: apt-get install ${packages}. Without it: bin/demo --quick`,
      `Il manque au septième poste des programmes sur cette machine\u00a0: ${absent.join(', ')}. Sous Debian ou Ubuntu\u00a0: apt-get install ${packages}. Sans lui\u00a0: bin/demo --quick`,
    ),
  )
}

/** What the viewer should know before waiting. */
export async function patienceText(): Promise<Text> {
  return (await accelerator()).kind === 'kvm'
    ? say(
        'It is emulated down to its firmware, with KVM: about a minute.',
        'Il est émulé jusqu’à son micrologiciel, avec KVM\u00a0: une minute environ.',
      )
    : say(
        'It is emulated down to its firmware. Without KVM, as here, that takes about four minutes, more on a busy machine.',
        'Il est émulé jusqu’à son micrologiciel. Sans KVM, comme ici, il lui faut environ quatre minutes, davantage sur une machine occupée.',
      )
}

/** The disk of the virtual machine in which the image was prepared: a Debian that knows the lycée's package repository. */
export async function prepareDisk(
  lab: Lab,
  network: VmNetwork,
  tell: (step: string) => void,
): Promise<string> {
  const { v1 } = await debianImages(tell)
  const disk = join(network.folder, 'debian.raw')
  const sources = join(network.folder, 'sources.list')
  await must('cp', ['--sparse=always', '--reflink=auto', v1.file, disk])
  await must('sh', ['-c', 'printf "%s\\n" "$1" >"$2"', 'write', lab.repository.source, sources])
  const file = '/etc/apt/sources.list'
  // e2fsprogs' way to a file system inside a disk.
  const root = `${disk}?offset=${v1.partitions.root.startBytes}`
  await must('debugfs', ['-w', '-f', '-', root], { input: `rm ${file}\nwrite ${sources} ${file}\n` })
  return disk
}

export const imageFile = 'images/debian.yaml'

/** The lycée gets a site server, an image, and one PC more. */
export const thirdCommit = ({ network }: Lab): ParkOptions => {
  const prefix = network.subnet.replace(/\d+\/\d+$/, '')
  return {
    ...secondCommit,
    lycee: {
      ...secondCommit.lycee,
      server: {
        address: network.serverAddress,
        netboot: 'dhcp',
        range: { from: `${prefix}100`, to: `${prefix}140` },
      },
    },
    others: {
      [seventh.room]: {
        [seventh.name]: {
          mac: network.pcMac(seventh.index),
          address: network.pcAddress(seventh.index),
          image: 'debian@1',
        },
      },
    },
    files: {
      ...secondCommit.files,
      [imageFile]: {
        kind: 'Image',
        name: 'debian',
        os: 'debian',
        versions: { '1': {} },
        disk: {
          table: 'gpt',
          partitions: [
            { name: 'bios', type: 'bios', size: '1MiB', content: 'image' },
            { name: 'esp', type: 'esp', size: '40MiB', content: 'image' },
            { name: 'root', type: 'linux', size: '700MiB', content: 'image' },
            { name: 'cache', type: 'linux', size: '900MiB', content: 'cache' },
            { name: 'data', type: 'linux', size: 'rest', content: 'keep' },
          ],
        },
      },
    },
  }
}

export const layWire = (lab: Lab): Promise<VmNetwork> => layVmNetwork(lab)

/** It is off, and its disk has never been written to. */
export const unpack = (network: VmNetwork): Promise<Vm> =>
  createVm(network, {
    name: seventh.name,
    index: seventh.index,
    firmware: 'bios',
    disks: [{ sizeBytes: 2 * 2 ** 30 }],
  })
