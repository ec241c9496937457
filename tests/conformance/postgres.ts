/** A PostgreSQL of Debian's own package for the tests alone: in a temporary folder, on a Unix socket, gone afterwards. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { Client } from 'pg'

const execute = promisify(execFile)

export type Postgres = {
  /** Makes an empty database and gives its URL. */
  readonly createDatabase: () => Promise<string>
  readonly stop: () => Promise<void>
}

export const startPostgres = async (): Promise<Postgres> => {
  const programs = (await findPrograms()) ?? (await install())
  const account = await findAccount()
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-postgres-'))
  if (account.uid !== undefined) await chown(folder, account.uid, account.gid ?? account.uid)
  const data = join(folder, 'data')
  const environment = { ...account, cwd: folder, env: { ...process.env, LC_ALL: 'C' } }
  await execute(join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '-N'], {
    ...environment,
  })
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'max_connections=200'],
    { ...environment, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  await ready(server.stderr)
  server.stderr.resume()
  const url = (database: string) =>
    `postgres://postgres@localhost/${database}?host=${encodeURIComponent(folder)}`
  let databases = 0
  return {
    createDatabase: async () => {
      databases += 1
      const name = `test_${databases}`
      const client = new Client({ connectionString: url('postgres') })
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      return url(name)
    },
    stop: async () => {
      const ended = once(server, 'exit')
      // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
      server.kill('SIGINT')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const ready = async (log: NodeJS.ReadableStream): Promise<void> => {
  const lines: string[] = []
  const reader = createInterface({ input: log })
  try {
    for await (const line of reader) {
      if (line.includes('ready to accept connections')) return
      lines.push(line)
    }
  } finally {
    reader.close()
  }
  throw new Error(`PostgreSQL did not start:\n${lines.join('\n')}`)
}

const root = '/usr/lib/postgresql'

const findPrograms = async (): Promise<string | undefined> => {
  const versions = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    const programs = join(root, version, 'bin')
    const found = await access(join(programs, 'initdb')).then(
      () => true,
      () => false,
    )
    if (found) return programs
  }
  return undefined
}

const install = async (): Promise<string> => {
  const apt = ['-o', 'DPkg::Lock::Timeout=300', '-y', '-q']
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 * 1024 * 1024 }
  await execute('apt-get', [...apt, 'update'], options)
  await execute('apt-get', [...apt, '--no-install-recommends', 'install', 'postgresql-common'], options)
  // Only the programs are wanted: no cluster of the system's own, which would be started and stay.
  await writeFile('/etc/postgresql-common/createcluster.conf', 'create_main_cluster = false\n')
  await execute('apt-get', [...apt, '--no-install-recommends', 'install', 'postgresql'], options)
  const programs = await findPrograms()
  if (!programs) throw new Error(`Debian's package postgresql brought no programs to ${root}`)
  return programs
}

/** PostgreSQL refuses to run as root. */
const findAccount = async (): Promise<{ uid?: number; gid?: number }> => {
  if (process.getuid?.() !== 0) return {}
  const uid = await execute('id', ['-u', 'postgres'])
  const gid = await execute('id', ['-g', 'postgres'])
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
}
