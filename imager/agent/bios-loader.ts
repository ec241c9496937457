/**
 * GRUB for BIOS firmware: boot.img into the MBR, core.img into the `bios` partition or the gap before the first partition.
 *
 * Both files come ready from the ramdisk; what `grub-bios-setup` would patch into them is done here. Offsets: GRUB 2.06,
 * include/grub/i386/pc/boot.h (`GRUB_BOOT_MACHINE_*`) and include/grub/offsets.h; what is done with them: util/setup.c.
 */
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { done, failed, type Result } from './result.ts'

/** Boot code ends where the disk's signature and partition table begin (`GRUB_BOOT_MACHINE_WINDOWS_NT_MAGIC`, 0x1b8). */
export const bootCodeBytes = 440
const sector = 512

const machine = {
  bpbStart: 0x03,
  bpbEnd: 0x5a,
  kernelSector: 0x5c,
  bootDrive: 0x64,
  driveCheck: 0x66,
} as const

/** The last entry of diskboot.img's block list: start (64 bit), sectors (16 bit), segment (16 bit). */
const blockList = { start: 0x1f4, length: 0x1fc, segment: 0x1fe } as const
/** `GRUB_BOOT_I386_PC_KERNEL_SEG` 0x800, one sector on. */
const segmentAfterFirstSector = 0x820

export type CorePlace = { readonly startBytes: number; readonly sizeBytes: number }

/** boot.img for a core image at this place: 440 bytes. `mbr`: the disk's first sector, whose BPB stays. */
export function patchedBootCode(boot: Uint8Array, mbr: Uint8Array, place: CorePlace): Buffer {
  const code = Buffer.alloc(bootCodeBytes)
  code.set(boot.subarray(0, bootCodeBytes))
  code.set(mbr.subarray(machine.bpbStart, machine.bpbEnd), machine.bpbStart)
  code.writeBigUInt64LE(BigInt(place.startBytes / sector), machine.kernelSector)
  // 0xff: the drive that the BIOS started from. Two NOPs enable the cure for BIOSes that tell the wrong one.
  code.writeUInt8(0xff, machine.bootDrive)
  code.writeUInt16LE(0x9090, machine.driveCheck)
  return code
}

/** core.img lying in one piece at this place, in whole sectors. */
export function patchedCore(core: Uint8Array, place: CorePlace): Buffer {
  const patched = Buffer.alloc(Math.ceil(core.length / sector) * sector)
  patched.set(core)
  patched.writeBigUInt64LE(BigInt(place.startBytes / sector + 1), blockList.start)
  patched.writeUInt16LE(patched.length / sector - 1, blockList.length)
  patched.writeUInt16LE(segmentAfterFirstSector, blockList.segment)
  return patched
}

export type BiosLoaderRequest = { readonly device: string; readonly files: string; readonly place: CorePlace }

/** Writes only what differs. The boot code comes last: it is what makes the rest be started. */
export async function installBiosLoader({ device, files, place }: BiosLoaderRequest): Promise<Result<void>> {
  const boot = await readFile(join(files, 'boot.img'))
  const core = patchedCore(await readFile(join(files, 'core.img')), place)
  if (core.length > place.sizeBytes) {
    return failed('boot-loader-failed', `core.img: ${core.length} bytes, room for ${place.sizeBytes}`)
  }
  const disk = await open(device, 'r+')
  try {
    const readAt = async (bytes: number, position: number) => {
      const buffer = Buffer.alloc(bytes)
      await disk.read(buffer, 0, bytes, position)
      return buffer
    }
    if (!core.equals(await readAt(core.length, place.startBytes))) {
      await disk.write(core, 0, core.length, place.startBytes)
      await disk.sync()
    }
    const mbr = await readAt(sector, 0)
    const code = patchedBootCode(boot, mbr, place)
    if (!mbr.subarray(0, bootCodeBytes).equals(code)) await disk.write(code, 0, code.length, 0)
    await disk.sync()
  } finally {
    await disk.close()
  }
  return done(undefined)
}

/** Writes the image's own boot code (zeros if it has none), for disks whose boot path is not ours. */
export async function writeBootCode(device: string, code: Uint8Array): Promise<void> {
  const bytes = Buffer.alloc(bootCodeBytes)
  bytes.set(code.subarray(0, bootCodeBytes))
  const disk = await open(device, 'r+')
  try {
    await disk.write(bytes, 0, bytes.length, 0)
    await disk.sync()
  } finally {
    await disk.close()
  }
}
