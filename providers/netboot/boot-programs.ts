/**
 * The programs that a PC starts before any system, by kind of client (DHCP option 93: RFC 4578, and IANA's "Processor Architecture
 * Types"), under the names that they have in the boot folder (imaging/boot-set.ts).
 *
 * BIOS gets iPXE: it fetches over HTTP many times faster than a GRUB in BIOS mode. UEFI gets the distribution's signed shim and network
 * GRUB, whether Secure Boot is on or not: no DHCP request tells which, and the signed chain serves both.
 */
import type { BootFile } from '../../imaging/boot-set.ts'

/** Architecture 0. */
export const BIOS_PROGRAM = 'undionly.kpxe' satisfies BootFile
/** Architectures 7 and 9 by TFTP, 16 by HTTP. It loads the next two from beside itself. */
export const UEFI_PROGRAM = 'shimx64.efi' satisfies BootFile
const UEFI_SECOND_PROGRAM = 'grubx64.efi' satisfies BootFile
const UEFI_KEY_PROGRAM = 'mmx64.efi' satisfies BootFile
export const KERNEL = 'vmlinuz' satisfies BootFile
export const RAMDISK = 'initrd' satisfies BootFile

/** Fetched by TFTP: by the PC's firmware, and by shim from where it came itself. */
export const TFTP_PROGRAMS = [BIOS_PROGRAM, UEFI_PROGRAM, UEFI_SECOND_PROGRAM, UEFI_KEY_PROGRAM] as const

/** What must be in the boot folder before a PC can be netbooted. */
export const NEEDED_FILES = [...TFTP_PROGRAMS, KERNEL, RAMDISK] as const

/** Our first script for iPXE, by TFTP: it holds the fallback for a site server that does not answer HTTP. */
export const IPXE_SCRIPT = 'boot.ipxe'
/** Where the signed network GRUB looks for its configuration, by TFTP and HTTP alike: compiled into it. */
export const GRUB_SCRIPT = 'grub/grub.cfg'
