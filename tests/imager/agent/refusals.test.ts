import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { Disk } from '../../../imager/agent/disks.ts'
import { checkJob } from '../../../imager/agent/job-check.ts'
import { encodeJob } from '../../../imaging/job-codec.ts'
import { encodeManifest, manifestDigest } from '../../../imaging/manifest-codec.ts'
import type { ImagerReason, Job } from '../../../imaging/protocol.ts'
import { createSigningKey, signBytes } from '../../../imaging/signature.ts'
import { noisiestChunk } from '../../imaging/disks.ts'
import { blank, layout } from './golden-disk.ts'
import { bytesAt, inExt4, overwrite, partitionsOf, readExt4, stateOf, writeExt4 } from './pc-disk.ts'
import { mebibyte, run } from './run.ts'
import { equalWork, mac, newPc, openSchool, post, type School, type TestPc } from './school.ts'

let school: School
test.before(async () => {
  school = await openSchool()
})
test.after.always(() => school.close())

/** Starts the PC with this order; it must end refused, and with the disk as it was. */
async function refused(
  t: { is(a: unknown, b: unknown, message?: string): boolean },
  pc: TestPc,
  changes: Parameters<typeof equalWork>[1],
  reason: ImagerReason,
): Promise<string> {
  const before = await stateOf(pc.disk)
  const id = post(school.desk, { kind: 'restore', ...equalWork(school, changes) })
  await pc.start()
  const { done } = school.desk.order(id)
  t.is(done?.kind === 'failed' ? done.reason : done?.kind, reason, pc.screen.join(''))
  t.is(await stateOf(pc.disk), before)
  return done?.kind === 'failed' ? (done.detail ?? '') : ''
}

/** In the middle of the file. Returns what undoes it. */
async function flipBit(file: string): Promise<() => Promise<void>> {
  const whole = await readFile(file)
  const flipped = Buffer.from(whole)
  flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 1
  await writeFile(file, flipped)
  return () => writeFile(file, whole)
}

/** Of `ls -p` in debugfs: `/inode/mode/uid/gid/name/size/`. */
const filesOf = (listing: string): string =>
  [...listing.matchAll(/^\/\d+\/10\d+\/\d+\/\d+\/([^/]+)\//gm)].map(([, name]) => name).join(' ')

const job = (changes: Partial<Job> = {}): Job => ({
  format: 'proviseur-job-1',
  id: 'order',
  machine: 'victor-hugo/b204-01',
  mac,
  nonce: 'a'.repeat(64),
  fence: { epoch: 1, generation: 7 },
  token: 't'.repeat(43),
  issuedAt: 1,
  locale: 'fr',
  work: { kind: 'verify', manifest: 'b'.repeat(64), layout },
  ...changes,
})

test('An order is taken only with the site’s signature, for this PC, for this start, and not older than the last', (t) => {
  const site = createSigningKey()
  const sign = (of: Job, key = site.privateKeyPem) => {
    const bytes = encodeJob(of)
    return { job: bytes, signature: signBytes(key, Buffer.from(bytes)) }
  }
  const given = {
    siteKey: site.publicKeyPem,
    macs: ['52:54:00:00:00:00', mac],
    nonce: 'a'.repeat(64),
    highest: { epoch: 1, generation: 7 },
  }
  const verdict = (signed: ReturnType<typeof sign>) => {
    const checked = checkJob(signed, given)
    return checked.ok ? 'taken' : checked.reason
  }
  t.is(verdict(sign(job())), 'taken')
  t.is(verdict(sign(job(), createSigningKey().privateKeyPem)), 'job-signature-wrong')
  t.is(verdict({ ...sign(job()), job: encodeJob(job({ machine: 'x' })) }), 'job-signature-wrong')
  t.is(verdict(sign(job({ mac: '52:54:00:25:02:99' }))), 'job-for-another-machine')
  t.is(verdict(sign(job({ nonce: 'c'.repeat(64) }))), 'job-replayed')
  t.is(verdict(sign(job({ fence: { epoch: 1, generation: 6 } }))), 'job-outdated')
  t.is(verdict(sign(job({ fence: { epoch: 0, generation: 9 } }))), 'job-outdated')
  t.is(verdict(sign(job({ fence: { epoch: 2, generation: 0 } }))), 'taken')
})

test.serial('An order of a site server with another key is refused, and nothing is written', async (t) => {
  const pc = await newPc(school, { siteKey: createSigningKey().publicKeyPem })
  await refused(t, pc, {}, 'job-signature-wrong')
})

test.serial('An image that the park did not sign is refused, and nothing is written', async (t) => {
  const pc = await newPc(school, { parkKey: createSigningKey().publicKeyPem })
  await refused(t, pc, {}, 'manifest-signature-wrong')
})

test.serial('An image that the site server does not have is refused', async (t) => {
  await refused(t, await newPc(school), { manifest: 'e'.repeat(64) }, 'manifest-missing')
})

test.serial(
  'An older image under the planned one’s name is refused: it is signed, but another',
  async (t) => {
    const wanted = 'd'.repeat(64)
    const folder = join(school.store, 'manifests')
    const old = encodeManifest(school.image.manifest)
    await writeFile(join(folder, `${wanted}.json`), old)
    await writeFile(join(folder, `${wanted}.sig`), signBytes(school.park.privateKeyPem, old))
    await refused(t, await newPc(school), { manifest: wanted }, 'manifest-not-the-planned-one')
  },
)

test.serial('A flipped bit in the manifest is found', async (t) => {
  const bytes = Buffer.from(encodeManifest({ ...school.image.manifest, version: '2' }))
  const digest = manifestDigest(bytes)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  const folder = join(school.store, 'manifests')
  await writeFile(join(folder, `${digest}.json`), bytes)
  await writeFile(join(folder, `${digest}.sig`), 'AAAA')
  await refused(t, await newPc(school), { manifest: digest }, 'manifest-damaged')
})

for (const kind of ['list', 'map'] as const) {
  test.serial(`A flipped bit in a ${kind} is found before anything is written, and told`, async (t) => {
    const root = school.image.manifest.partitions.find(({ name }) => name === 'root')
    const file = join(school.store, `${kind}s`, root?.[kind] ?? '')
    const restore = await flipBit(file)
    t.teardown(restore)
    const pc = await newPc(school)
    t.regex(await refused(t, pc, {}, 'list-damaged'), new RegExp(`root: .*${root?.[kind]}`))
    t.regex(pc.screen.join(''), /liste de contenu de l’image disque est endommagée/)

    await restore()
    const whole = await newPc(school)
    const id = post(school.desk, { kind: 'restore', ...equalWork(school) })
    await whole.start()
    t.is(school.desk.order(id).done?.kind, 'done', 'with the bit as it was, all is well')
  })
}

test.serial(
  'An imager that is not the one which the order signs for is not kept, and no system changes',
  async (t) => {
    const pc = await newPc(school)
    const id = post(school.desk, { kind: 'restore', ...equalWork(school) })
    t.teardown(await flipBit(join(school.boot, 'initrd')))
    await pc.start()
    t.like(school.desk.order(id).done, {
      kind: 'failed',
      reason: 'imager-not-the-signed-one',
      tally: { written: 0 },
    })
    t.regex(pc.screen.join(''), /imageur \(noyau et disque mémoire\) désigné par l’ordre signé/)
    t.is(await inExt4(pc.disk, 'cache', 'ls -p /boot/imager').then(filesOf), '')
    t.notRegex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
  },
)

test.serial('Such an order takes nobody’s system away: what could start before still can', async (t) => {
  const pc = await newPc(school)
  post(school.desk, { kind: 'restore', ...equalWork(school) })
  await pc.start()
  const root = (await partitionsOf(pc.disk)).find(({ name }) => name === 'root')
  const before = await bytesAt(pc.disk, root?.startBytes ?? 0, root?.sizeBytes ?? 0)
  const imager = { ...school.imager, initrd: 'a'.repeat(64) }
  const id = post(school.desk, { kind: 'restore', ...equalWork(school, { imager }) })
  await pc.start()
  t.like(school.desk.order(id).done, { kind: 'failed', reason: 'imager-not-the-signed-one' })
  t.true(before.equals(await bytesAt(pc.disk, root?.startBytes ?? 0, root?.sizeBytes ?? 0)))
  t.regex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
  t.regex(await readExt4(pc.disk, 'cache', '/boot/imager/initrd'), /^initrd /)
})

test.serial(
  'An imager in the cache that somebody changed is found out, and fetched anew when there is a network',
  async (t) => {
    const pc = await newPc(school)
    post(school.desk, { kind: 'restore', ...equalWork(school) })
    await pc.start()
    const forged = join(school.folder, 'forged-initrd')
    await writeFile(forged, 'a ramdisk of somebody else\n')
    const cache = (await partitionsOf(pc.disk)).find(({ name }) => name === 'cache')
    const at = `${pc.disk}?offset=${cache?.startBytes}`
    await run('debugfs', '-w', '-R', 'rm /boot/imager/initrd', at)
    await writeExt4(pc.disk, 'cache', forged, '/boot/imager/initrd')
    t.is(await pc.start({ mode: 'reset', server: 'http://127.0.0.1:9' }), 'reboot')
    t.regex(pc.screen.join(''), /server-silent[\s\S]*initrd/)

    await pc.start({ mode: 'reset' })
    t.regex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
    t.regex(await readExt4(pc.disk, 'cache', '/boot/imager/initrd'), /^initrd /)
  },
)

test.serial('A disk that is too small is refused, with numbers', async (t) => {
  const pc = await newPc(school, { diskBytes: 128 * mebibyte })
  t.regex(await refused(t, pc, {}, 'disk-too-small'), /needed/)
})

test.serial('A PC without a disk, or with two and no word which, is refused', async (t) => {
  const none = await newPc(school, { disks: () => Promise.resolve([]) })
  await refused(t, none, {}, 'no-disk')
  const pc = await newPc(school)
  const disk = (name: string, device: string): Disk => ({
    ...{ name, device, sizeBytes: 400 * mebibyte, sectorBytes: 512, rotational: false },
  })
  const second = await blank(join(school.folder, 'second.img'), 400 * mebibyte)
  const two = await newPc(school, {
    disks: () => Promise.resolve([disk('sda', pc.disk), disk('sdb', second)]),
  })
  t.regex(await refused(t, two, {}, 'several-disks'), /sda .*sdb/)
  t.regex(await refused(t, two, { layout: { ...layout, disk: 'nvme0n1' } }, 'no-disk'), /nvme0n1/)
})

test.serial('Somebody’s data on the disk is not lost without approval', async (t) => {
  const pc = await newPc(school)
  const table = join(school.folder, 'foreign')
  await writeFile(table, 'label: gpt\nsize=100M, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name="Daten"\n')
  await run('sh', '-c', 'sfdisk --quiet "$1" <"$2"', 'sh', pc.disk, table)
  const detail = await refused(t, pc, { mayRepartition: false }, 'layout-would-lose-data')
  t.regex(detail, /#1 Daten/)
})

test.serial(
  'A PC in no spec is discovered with its disks, starts its own system, and is not written',
  async (t) => {
    school.machines.clear()
    t.teardown(() => school.machines.set(mac, 'victor-hugo/b204-01'))
    const pc = await newPc(school)
    const before = await stateOf(pc.disk)
    t.is(await pc.start(), 'reboot')
    t.like(school.discovered[0], { macs: [mac], firmware: 'bios', disks: [{ name: 'vda' }] })
    t.is(await stateOf(pc.disk), before)
    t.regex(pc.screen.join(''), /découvert/)
  },
)

test.serial(
  'A damaged chunk stops the restore: no menu offers the system, and the next start goes on',
  async (t) => {
    const pc = await newPc(school)
    const restore = await flipBit(join(school.store, await noisiestChunk(school.store)))
    const id = post(school.desk, { kind: 'restore', ...equalWork(school) })
    await pc.start()
    t.like(school.desk.order(id).done, { kind: 'failed', reason: 'chunk-damaged' })
    const cache = (await partitionsOf(pc.disk)).find(({ name }) => name === 'cache')
    const at = `${pc.disk}?offset=${cache?.startBytes}`
    t.notRegex(await run('debugfs', '-R', 'stat /boot/ready', at), /Type: regular/)

    await restore()
    t.is(await pc.start({ mode: 'resume' }), 'reboot')
    t.regex(pc.screen.join(''), /Terminé/, pc.screen.join(''))
    t.regex(await run('debugfs', '-R', 'stat /boot/ready', at), /Type: regular/)
  },
)

test.serial(
  'Without any server and without an order of its own, a PC says so and starts what it has',
  async (t) => {
    const pc = await newPc(school)
    const before = await stateOf(pc.disk)
    let now = 1_000_000
    const deaf = await newPc(school, {
      now: () => {
        now += 30_000
        return now
      },
    })
    t.is(await deaf.start({ server: 'http://127.0.0.1:9' }), 'reboot')
    t.regex(deaf.screen.join(''), /server-silent/)
    t.is(await stateOf(pc.disk), before)
  },
)

test.serial(
  'A stored order that somebody changed is refused, and the PC’s system still starts',
  async (t) => {
    const pc = await newPc(school)
    post(school.desk, { kind: 'restore', ...equalWork(school, { resetPolicy: 'at-boot' }) })
    await pc.start()
    const partitions = await partitionsOf(pc.disk)
    const cache = partitions.find(({ name }) => name === 'cache')
    const root = partitions.find(({ name }) => name === 'root')
    const at = `${pc.disk}?offset=${cache?.startBytes}`
    const forged = join(school.folder, 'forged')
    const job = await run('debugfs', '-R', 'cat /job.json', at)
    await writeFile(forged, job.replace('"keep":[]', '"keep":["/etc"]'))
    await run('debugfs', '-w', '-R', 'rm /job.json', at)
    await run('debugfs', '-w', '-R', `write ${forged} job.json`, at)
    await overwrite(pc.disk, (root?.startBytes ?? 0) + 30 * mebibyte, Buffer.from('a pupil’s day'))
    const before = await bytesAt(pc.disk, root?.startBytes ?? 0, root?.sizeBytes ?? 0)
    t.is(await pc.start({ mode: 'at-boot', server: 'http://127.0.0.1:9' }), 'reboot')
    t.regex(pc.screen.join(''), /job-signature-wrong/)
    t.true(before.equals(await bytesAt(pc.disk, root?.startBytes ?? 0, root?.sizeBytes ?? 0)))
    t.regex(await run('debugfs', '-R', 'cat /boot/grubenv', at), /fresh=1/)
  },
)
