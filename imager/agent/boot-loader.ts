/** Installs the boot path that we own: the signed chain on the ESP, GRUB for BIOS, and the menu in the cache partition. */
import { join } from 'node:path'
import type { Firmware } from '../../imaging/manifest.ts'
import { type CorePlace, installBiosLoader } from './bios-loader.ts'
import { environmentBlock, type MenuRequest, menuConfig } from './boot-menu.ts'
import { cachePaths, put } from './cache-partition.ts'
import { ensureEntry } from './efi-entries.ts'
import { installOnEsp } from './esp.ts'
import type { PlacedPartition, PlannedTable } from './layout-plan.ts'
import { done, failed, type Result } from './result.ts'

export type BootLoaderRequest = {
  readonly device: string
  readonly table: PlannedTable
  readonly firmware: Firmware
  /** The ramdisk's folder with what goes onto disks (imaging/boot-set.ts). */
  readonly files: string
  /** Whether firmware entries may be written: not for a disk that is a file. */
  readonly mayWriteFirmware: boolean
}

/** What the firmware did not take is a note for the screen: the PC starts without it too. */
export async function installBootLoader(
  request: BootLoaderRequest,
): Promise<Result<{ readonly note?: string }>> {
  const { device, table, files, firmware } = request
  const esp = ofType(table, 'esp')
  const place = corePlace(table)
  if (firmware === 'uefi' && esp === undefined) return failed('boot-loader-failed', 'UEFI: no partition esp')
  if (firmware === 'bios' && place === undefined)
    return failed('boot-loader-failed', 'BIOS: no partition bios')
  if (esp !== undefined) {
    const range = { device, offsetBytes: esp.startBytes, sizeBytes: esp.sizeBytes }
    const installed = await installOnEsp(range, files)
    if (!installed.ok) return installed
  }
  if (place !== undefined) {
    const installed = await installBiosLoader({ device, files, place })
    if (!installed.ok) return installed
  }
  if (firmware !== 'uefi' || esp === undefined || !request.mayWriteFirmware) return done({})
  const note = await ensureEntry(device, esp)
  return done(note === undefined ? {} : { note })
}

/** Menu and environment; with the policy at-boot the system starts once without a check: it has just been made equal. */
export async function installMenu(cacheFolder: string, menu: MenuRequest): Promise<Result<void>> {
  const environment = environmentBlock(menu.atBoot ? { fresh: '1' } : {})
  const written = await put(cacheFolder, cachePaths.environment, environment)
  return written.ok ? put(cacheFolder, cachePaths.menu, menuConfig(menu)) : written
}

export const cacheStore = (cacheFolder: string): string => join(cacheFolder, cachePaths.store)

const ofType = (table: PlannedTable, type: PlacedPartition['wanted']['type']): PlacedPartition | undefined =>
  table.partitions.find(({ wanted }) => wanted.type === type)

/** GPT: the `bios` partition. MBR: what lies between the first sector and the first partition. */
function corePlace(table: PlannedTable): CorePlace | undefined {
  if (table.kind === 'gpt') return ofType(table, 'bios')
  const first = Math.min(...table.partitions.map(({ startBytes }) => startBytes))
  return { startBytes: 512, sizeBytes: first - 512 }
}
