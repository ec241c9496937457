/**
 * Makes a restored Windows this PC's, from outside: computer name in the offline registry, OpenSSH's keys, state record, and a script
 * that Windows' setup runs at the end of its first start (SetupComplete.cmd; it is looked for after a sysprep).
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMissing } from '../../imaging/atomic-file.ts'
import type { DiskState, EqualWork } from '../../imaging/protocol.ts'
import { encodeDiskState } from '../../imaging/state.ts'
import type { PcIdentity } from './pc-identity.ts'
import { currentControlSet, writeRegistryTexts } from './registry.ts'
import { done, type Result } from './result.ts'

export type WindowsRequest = {
  /** Where its NTFS is mounted. */
  readonly root: string
  readonly identity: EqualWork['identity']
  readonly pc: PcIdentity
  readonly state: DiskState
}

export async function writeWindowsIdentity({
  root,
  identity,
  pc,
  state,
}: WindowsRequest): Promise<Result<{ readonly hostKey?: string }>> {
  const hive = await placeOf(root, 'Windows/System32/config/SYSTEM')
  if (hive.isThere) {
    const named = await writeHostname(hive.path, identity.hostname)
    if (!named.ok) return named
  }
  await replace(root, 'ProgramData/Proviseur/disk.json', encodeDiskState(state))
  await replace(root, 'ProgramData/Proviseur/first-boot.cmd', crlf(firstBoot))
  if ((await placeOf(root, 'Windows')).isThere) await callAtSetupsEnd(root)
  if (identity.authorizedKeys.length > 0) {
    const keys = `${identity.authorizedKeys.join('\r\n')}\r\n`
    await replace(root, 'ProgramData/ssh/administrators_authorized_keys', Buffer.from(keys))
  }
  await replace(root, 'ProgramData/ssh/ssh_host_ed25519_key', Buffer.from(pc.hostKey.private))
  await replace(root, 'ProgramData/ssh/ssh_host_ed25519_key.pub', Buffer.from(`${pc.hostKey.public}\n`))
  return done({ hostKey: pc.hostKey.public })
}

/** The NetBIOS name has 15 characters at most, in upper case; the DNS name is the whole. */
export const netbiosName = (hostname: string): string => hostname.slice(0, 15).toUpperCase()

async function writeHostname(hive: string, hostname: string): Promise<Result<void>> {
  const current = await currentControlSet(hive)
  if (!current.ok) return current
  const set = `ControlSet${String(current.value).padStart(3, '0')}`
  const name = netbiosName(hostname)
  return writeRegistryTexts(hive, {
    [`${set}\\Control\\ComputerName\\ComputerName`]: { ComputerName: name },
    [`${set}\\Control\\ComputerName\\ActiveComputerName`]: { ComputerName: name },
    [`${set}\\Services\\Tcpip\\Parameters`]: { Hostname: hostname, 'NV Hostname': hostname },
  })
}

/** OpenSSH for Windows starts only if nobody but SYSTEM and administrators (S-1-5-18, S-1-5-32-544) can read its keys. */
const firstBoot = [
  '@echo off',
  'rem Written by Proviseur at each restore and reset.',
  'cd /d "%ProgramData%\\ssh" || exit /b 1',
  'for %%F in (administrators_authorized_keys ssh_host_ed25519_key) do (',
  '  if exist %%F icacls %%F /inheritance:r /grant *S-1-5-18:F /grant *S-1-5-32-544:F >nul',
  ')',
  'sc query sshd >nul 2>&1 && sc config sshd start= auto >nul && net start sshd >nul 2>&1',
  'exit /b 0',
]

const call = 'call "%ProgramData%\\Proviseur\\first-boot.cmd"'

/** The image's own script stays; ours is called once, at its end. */
async function callAtSetupsEnd(root: string): Promise<void> {
  const path = 'Windows/Setup/Scripts/SetupComplete.cmd'
  const script = await placeOf(root, path)
  const before = script.isThere ? await readFile(script.path, 'latin1') : '@echo off\r\n'
  if (before.includes(call)) return
  const gap = before === '' || before.endsWith('\n') ? '' : '\r\n'
  await replace(root, path, Buffer.from(`${before}${gap}${call}\r\n`, 'latin1'))
}

const crlf = (lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\r\n')}\r\n`)

async function replace(root: string, path: string, contents: Uint8Array): Promise<void> {
  const { path: place } = await placeOf(root, path)
  await mkdir(dirname(place), { recursive: true })
  await rm(place, { force: true })
  await writeFile(place, contents)
}

/** Windows does not tell upper from lower case, ntfs-3g does: a name that is there in another case is meant. */
async function placeOf(
  root: string,
  path: string,
): Promise<{ readonly path: string; readonly isThere: boolean }> {
  let at = root
  let isThere = true
  for (const part of path.split('/')) {
    const entries: readonly string[] = isThere ? await readdir(at).catch(nothing) : []
    const found = entries.find((entry) => entry.toLowerCase() === part.toLowerCase())
    isThere = found !== undefined
    at = join(at, found ?? part)
  }
  return { path: at, isThere }
}

const nothing = (error: unknown): string[] => {
  if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) return []
  throw error
}
