/** The ramdisk's recipe on Debian's real packages; none of it is started here (tests/lab/vm/ramdisk.test.ts does that). */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import test from 'ava'
import { type BuildOptions, buildBootSet } from '../../imager/ramdisk/build.ts'
import { type BootSet, bootFiles, parseBootSet } from '../../imaging/boot-set.ts'
import { BOOT_CACHE, makeBootFiles } from './vm/boot-files.ts'

const keys = { park: 'a park’s public key\n', site: 'a site’s public key\n' }

type Bench = { readonly folder: string; readonly options: Pick<BuildOptions, 'out' | 'keys' | 'agent'> }

/** A folder for what is built, and an agent that is quick to bundle. */
const withBench = async (use: (bench: Bench) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'ramdisk-'))
  try {
    const main = join(folder, 'main.ts')
    const worker = join(folder, 'worker.ts')
    await writeFile(main, 'const greeting: string = "agent of this test"\nconsole.log(greeting)\n')
    await writeFile(worker, 'console.log("worker of this test")\n')
    await use({ folder, options: { out: join(folder, 'boot'), keys, agent: { main, worker } } })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** File → SHA-256. */
const contents = async (folder: string): Promise<Readonly<Record<string, string>>> => {
  const digests: Record<string, string> = {}
  for (const name of (await readdir(folder)).sort())
    digests[name] = sha256(await readFile(join(folder, name)))
  return digests
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What Microsoft's and Debian's signatures are kept in: the certificate table of a PE file (its optional header's fifth directory). */
const signatureBytes = (pe: Buffer): number => {
  const header = pe.readUInt32LE(0x3c)
  return pe.readUInt32LE(header + 24 + 112 + 4 * 8 + 4)
}

const part = (set: BootSet, initrd: Buffer, name: string): Buffer => {
  let start = 0
  for (const each of set.parts) {
    if (each.name === name) return initrd.subarray(start, start + each.bytes)
    start += each.bytes
  }
  throw new Error(`no part ${name}`)
}

test.serial('boot files are all there, described as they are, and small', async (t) => {
  await withBench(async ({ options }) => {
    const { set } = await makeBootFiles(options)
    t.deepEqual((await readdir(options.out)).sort(), [...bootFiles, 'boot.json'].sort())
    const file = (name: string): Promise<Buffer> => readFile(join(options.out, name))
    t.deepEqual(parseBootSet((await file('boot.json')).toString()), set)
    for (const name of bootFiles) {
      const bytes = await file(name)
      t.deepEqual({ bytes: bytes.length, sha256: sha256(bytes) }, set.files[name], name)
    }
    for (const name of ['shimx64.efi', 'grubx64.efi', 'grubx64-disk.efi', 'mmx64.efi', 'vmlinuz'] as const)
      t.true(signatureBytes(await file(name)) > 500, `${name} is signed`)
    t.regex(set.kernel, /^6\.12\.\d+\+deb13-amd64$/)
    t.true(set.files.initrd.bytes < 60e6, `${set.files.initrd.bytes} bytes`)
    t.true(set.files['core.img'].bytes < 2 ** 20 - 512)
    t.log(
      `initrd ${set.files.initrd.bytes}: ${set.parts.map(({ name, bytes }) => `${name} ${bytes}`).join(', ')}`,
    )
  })
})

test.serial(
  'what was built is left alone by the next build, and made again where it was damaged',
  async (t) => {
    await withBench(async ({ options }) => {
      t.true((await makeBootFiles(options)).changed)
      const first = await contents(options.out)
      t.false((await makeBootFiles(options)).changed)
      const damaged = await readFile(join(options.out, 'core.img'))
      damaged.writeUInt8(damaged.readUInt8(1000) ^ 1, 1000)
      await writeFile(join(options.out, 'core.img'), damaged)
      t.true((await makeBootFiles(options)).changed)
      t.deepEqual(await contents(options.out), first)
    })
  },
)

test.serial(
  'another build from the same packages, elsewhere and with nothing kept, makes the same bytes',
  async (t) => {
    await withBench(async ({ folder, options }) => {
      await makeBootFiles(options)
      const cache = join(folder, 'cache')
      await mkdir(cache)
      for (const name of ['packages', 'packages.json'])
        await cp(join(BOOT_CACHE, name), join(cache, name), { recursive: true })
      const out = join(folder, 'again')
      const { changed } = await makeBootFiles({ ...options, cache, out, freshness: 'kept' })
      t.true(changed)
      t.deepEqual(await contents(out), await contents(options.out))
    })
  },
)

test.serial('another key or agent changes the last part only', async (t) => {
  await withBench(async ({ options }) => {
    const { set: first } = await makeBootFiles(options)
    const firstRamdisk = await readFile(join(options.out, 'initrd'))
    const { set: second } = await makeBootFiles({ ...options, keys: { ...keys, site: 'another\n' } })
    const secondRamdisk = await readFile(join(options.out, 'initrd'))
    t.not(first.version, second.version)
    for (const name of ['tools', 'node'])
      t.true(part(first, firstRamdisk, name).equals(part(second, secondRamdisk, name)), name)
    const own = zstdDecompressSync(part(second, secondRamdisk, 'agent')).toString()
    for (const text of [second.version, keys.park, 'another\n', 'agent of this test', 'worker of this test'])
      t.true(own.includes(text), text)
    t.false(own.includes(keys.site))
  })
})

test.serial(
  'an agent that does not compile is told with file and line, and nothing is written',
  async (t) => {
    await withBench(async ({ options }) => {
      await makeBootFiles(options)
      const before = await contents(options.out)
      await writeFile(options.agent?.main ?? '', 'const one = 1\nconst = 2\n')
      const built = await buildBootSet({ ...options, cache: BOOT_CACHE, locale: 'fr', freshness: 'kept' })
      if (built.ok) return t.fail('it was built')
      t.is(built.code, 'agent-not-bundled')
      t.regex(built.detail ?? '', /main\.ts:2: /)
      t.deepEqual(await contents(options.out), before)
    })
  },
)

test.serial(
  'without a network, packages of an earlier build are needed, and are trusted only unharmed',
  async (t) => {
    await withBench(async ({ folder, options }) => {
      const cache = join(folder, 'cache')
      const build = () => buildBootSet({ ...options, cache, locale: 'fr', freshness: 'kept' })
      const nothing = await build()
      t.is(nothing.ok ? '' : nothing.code, 'no-packages-kept')

      await makeBootFiles(options)
      for (const name of ['packages', 'packages.json'])
        await cp(join(BOOT_CACHE, name), join(cache, name), { recursive: true })
      const [victim = ''] = (await readdir(join(cache, 'packages'))).filter((name) =>
        name.startsWith('kmod_'),
      )
      const bytes = await readFile(join(cache, 'packages', victim))
      bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000)
      await writeFile(join(cache, 'packages', victim), bytes)
      const harmed = await build()
      t.is(harmed.ok ? '' : harmed.code, 'no-packages-kept')
    })
  },
)
