/** Makes a restored Debian this PC's: name, machine-id, SSH host key, who may log in, state record. */
import type { DiskState, EqualWork } from '../../imaging/protocol.ts'
import { encodeDiskState } from '../../imaging/state.ts'
import type { PcIdentity } from './pc-identity.ts'
import { done, failed, type Result } from './result.ts'
import { existsRooted, makeRooted, readRooted, removeRooted, writeRooted } from './rooted-file.ts'

export type DebianRequest = {
  /** Where its root is mounted. */
  readonly root: string
  readonly identity: EqualWork['identity']
  readonly pc: PcIdentity
  readonly state: DiskState
}

/** The host key that its sshd will show, if it has one. fstab and the rest of the image are left alone. */
export async function writeDebianIdentity(
  request: DebianRequest,
): Promise<Result<{ readonly hostKey?: string }>> {
  const { root, identity, pc, state } = request
  const { hostname } = identity
  await writeRooted(root, '/etc/hostname', `${hostname}\n`, { mode: 0o644 })
  await writeRooted(root, '/etc/hosts', hostsFor(await readRooted(root, '/etc/hosts'), hostname), {
    mode: 0o644,
  })
  await writeRooted(root, '/etc/machine-id', `${pc.machineId}\n`, { mode: 0o444 })
  // D-Bus' older copy; usually a link to the first, and then left alone.
  if ((await readRooted(root, '/var/lib/dbus/machine-id')) !== undefined) {
    await removeRooted(root, '/var/lib/dbus/machine-id')
    await writeRooted(root, '/var/lib/dbus/machine-id', `${pc.machineId}\n`, { mode: 0o644 })
  }
  const account = await authorize(root, identity)
  if (!account.ok) return account
  // What the image remembers of the PC that it was made on: fence, actions, scripts. The inventory is reset with the disk.
  await removeRooted(root, '/var/lib/proviseur')
  await makeRooted(root, '/var/lib/proviseur', { mode: 0o700 })
  await writeRooted(root, '/var/lib/proviseur/disk.json', encodeDiskState(state), { mode: 0o644 })
  if (!(await existsRooted(root, '/etc/ssh/sshd_config'))) return done({})
  await writeHostKey(root, pc)
  return done({ hostKey: pc.hostKey.public })
}

/** hosts(5): Debian gives the PC's own name the address 127.0.1.1. */
export function hostsFor(hosts: string | undefined, hostname: string): string {
  const own = `127.0.1.1\t${hostname}`
  const lines = (hosts ?? '127.0.0.1\tlocalhost\n').split('\n')
  const at = lines.findIndex((line) => /^127\.0\.1\.1\s/.test(line))
  if (at >= 0) lines[at] = own
  else lines.splice(lines.findIndex((line) => /^127\.0\.0\.1\s/.test(line)) + 1, 0, own)
  return `${lines.join('\n').trimEnd()}\n`
}

const keyKinds = ['rsa', 'dsa', 'ecdsa', 'ed25519'] as const

/** The image's own keys are on every PC that has the image: none of them stays. */
async function writeHostKey(root: string, { hostKey }: PcIdentity): Promise<void> {
  for (const kind of keyKinds) {
    await removeRooted(root, `/etc/ssh/ssh_host_${kind}_key`)
    await removeRooted(root, `/etc/ssh/ssh_host_${kind}_key.pub`)
  }
  await writeRooted(root, '/etc/ssh/ssh_host_ed25519_key', hostKey.private, { mode: 0o600 })
  await writeRooted(root, '/etc/ssh/ssh_host_ed25519_key.pub', `${hostKey.public}\n`, { mode: 0o644 })
}

/** Keys that the image or a kept home has already are left, those that must be able to log in are added. */
async function authorize(
  root: string,
  { user, authorizedKeys }: EqualWork['identity'],
): Promise<Result<void>> {
  if (authorizedKeys.length === 0) return done(undefined)
  const account = findAccount((await readRooted(root, '/etc/passwd')) ?? '', user)
  if (account === undefined) return failed('identity-failed', `${user}: not in /etc/passwd`)
  const { uid, gid, home } = account
  await makeRooted(root, `${home}/.ssh`, { mode: 0o700, uid, gid })
  const file = `${home}/.ssh/authorized_keys`
  const present = ((await readRooted(root, file)) ?? '').split('\n').filter((line) => line.trim() !== '')
  const added = authorizedKeys.filter((key) => !present.some((line) => keyOf(line) === keyOf(key)))
  const lines = [...present, ...added]
  await writeRooted(root, file, `${lines.join('\n')}\n`, { mode: 0o600, uid, gid })
  return done(undefined)
}

/** Type and base64; the comment makes no difference. */
const keyOf = (line: string): string => /\S+ AAAA\S+/.exec(line)?.[0] ?? line

/** passwd(5): name, password, uid, gid, comment, home, shell. */
function findAccount(
  passwd: string,
  user: string,
): { readonly uid: number; readonly gid: number; readonly home: string } | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user)
  const [uid, gid, home] = [Number(fields?.[2]), Number(fields?.[3]), fields?.[5]]
  return Number.isInteger(uid) && Number.isInteger(gid) && home?.startsWith('/')
    ? { uid, gid, home }
    : undefined
}
