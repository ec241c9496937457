/**
 * What makes a system this PC's and not another's, beyond its name: drawn once, kept in the cache partition, given back at each
 * reset. So the PC keeps the host key that the site server has pinned.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMissing, writeAtomically } from '../../imaging/atomic-file.ts'
import { run, said } from './command.ts'
import { done, failed, type Result } from './result.ts'

export type PcIdentity = {
  /** systemd's machine-id(5): 32 hex digits. */
  readonly machineId: string
  readonly hostKey: HostKey
}

export type HostKey = {
  /** OpenSSH's own format, Ed25519. */
  readonly private: string
  /** `ssh-ed25519 AAAA… comment` */
  readonly public: string
}

/** `folder`: in the cache partition; undefined: there is none, and every reset draws anew. One identity a system. */
export async function pcIdentity(
  folder: string | undefined,
  partition: string,
  hostname: string,
): Promise<Result<PcIdentity>> {
  const kept = folder === undefined ? undefined : await readIdentity(join(folder, partition))
  if (kept !== undefined) return done(kept)
  const hostKey = await drawHostKey(hostname)
  if (!hostKey.ok) return hostKey
  const identity = { machineId: randomBytes(16).toString('hex'), hostKey: hostKey.value }
  return folder === undefined ? done(identity) : keepIdentity(join(folder, partition), identity)
}

const files = { machineId: 'machine-id', private: 'ssh_host_ed25519_key', public: 'ssh_host_ed25519_key.pub' }

async function readIdentity(folder: string): Promise<PcIdentity | undefined> {
  const machineId = (await readKept(join(folder, files.machineId)))?.trim() ?? ''
  const privateKey = await readKept(join(folder, files.private))
  const publicKey = (await readKept(join(folder, files.public)))?.trim()
  const isWhole =
    /^[0-9a-f]{32}$/.test(machineId) &&
    privateKey?.includes('END OPENSSH PRIVATE KEY') &&
    publicKey?.startsWith('ssh-ed25519 ')
  return isWhole && privateKey !== undefined && publicKey !== undefined
    ? { machineId, hostKey: { private: privateKey, public: publicKey } }
    : undefined
}

const readKept = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error
    return undefined
  })

async function keepIdentity(folder: string, identity: PcIdentity): Promise<Result<PcIdentity>> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const contents = [
    [files.private, identity.hostKey.private],
    [files.public, `${identity.hostKey.public}\n`],
    [files.machineId, `${identity.machineId}\n`],
  ] as const
  for (const [name, text] of contents) {
    const path = join(folder, name)
    const written = await writeAtomically(`${path}.new`, Buffer.from(text))
    if (!written.ok) return failed('store-full', path)
    await chmod(`${path}.new`, 0o600)
    await rename(`${path}.new`, path)
  }
  return done(identity)
}

async function drawHostKey(hostname: string): Promise<Result<HostKey>> {
  const folder = await mkdtemp(join(tmpdir(), 'host-key-'))
  try {
    const file = join(folder, 'key')
    const drawn = await run('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      `root@${hostname}`,
      '-f',
      file,
    ])
    if (drawn.exitCode !== 0) return failed('identity-failed', said('ssh-keygen', drawn))
    return done({
      private: await readFile(file, 'utf8'),
      public: (await readFile(`${file}.pub`, 'utf8')).trim(),
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}
