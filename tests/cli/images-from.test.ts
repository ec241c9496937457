/** Two real servers: images go from the region's to the lycée's, and from there to a PC, complete or not at all. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type BootSet, bootFiles, bootSetFormat } from '../../imaging/boot-set.ts'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { isComplete } from '../../providers/imaging/pull.ts'
import type { Route } from '../../providers/imaging/route.ts'
import { bootImager } from '../imaging/fake-pc.ts'
import { type MadeImage, makeImage } from '../imaging/made-image.ts'
import { deadPort, serve } from '../imaging/served.ts'
import { until } from '../lab/until.ts'
import { proviseur, scratch, writeFiles } from './command.ts'

const mac = '52:54:00:25:02:01'

/** What `imager build` describes: orders name the imager that goes with them. */
const bootSet: BootSet = {
  format: bootSetFormat,
  version: 'ab'.repeat(32),
  suite: 'bookworm',
  kernel: '6.1',
  node: '24',
  packages: {},
  files: Object.fromEntries(
    bootFiles.map((name) => [name, { bytes: 1, sha256: 'cd'.repeat(32) }]),
  ) as BootSet['files'],
  parts: [],
}

/** A park whose lycée has its server at this address, and a PC that is off. */
async function park(t: ExecutionContext, lycee: string, address: string, image: MadeImage) {
  const folder = await scratch()
  t.teardown(folder.remove)
  const port = await deadPort()
  await writeFiles(folder.path, {
    'park.yaml': 'kind: Park\nname: sample\ntimezone: Europe/Paris\n',
    'images/debian-edu.yaml': `kind: Image
name: debian-edu
os: debian
versions: { "2026.09": { digest: "sha256:${image.digest}" } }
disk:
  table: gpt
  partitions:
    - { name: root, type: linux, size: 30GiB, content: image }
    - { name: data, type: linux, size: rest, content: image }
`,
    [`lycees/${lycee}.yaml`]: `kind: Lycee
name: ${lycee}
network: { subnet: 127.0.0.0/8 }
server: { address: ${address}, port: ${port}, netboot: off }
image: debian-edu@2026.09
rooms: { b204: { machines: { b204-01: ${mac} } } }
`,
  })
  const made = await proviseur(['init', folder.path])
  if (made.code !== 0) throw new Error(made.stderr)
  const state = join(folder.path, '.proviseur')
  await mkdir(join(state, 'keys'), { mode: 0o700 })
  return { folder: folder.path, state, origin: `http://${address}:${port}` }
}

/** `up` in a process of its own; `said`: what it has told so far. */
function running(t: ExecutionContext, args: readonly string[]) {
  const heard = { said: '' }
  let interrupt: () => void = () => {}
  const ended = proviseur(['up', ...args, '--json'], {
    watch: (output, signal) => {
      heard.said = output
      interrupt = () => signal('SIGINT')
    },
  })
  const stop = async () => {
    interrupt()
    return ended
  }
  t.teardown(stop)
  return { heard, stop }
}

const answers = (url: string) => async () => {
  const response = await fetch(url).catch(() => undefined)
  await response?.arrayBuffer()
  return response !== undefined
}

/** Passes everything on to the hub; batches of chunks only once the gate is open. */
const through =
  (hub: string, gate: Promise<void>): Route =>
  async (request, response, url) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method === 'POST') await gate
    const { method = 'GET' } = request
    const body = method === 'POST' ? { body: Buffer.concat(chunks) } : {}
    const answer = await fetch(`${hub}${url.pathname}`, { method, ...body })
    const bytes = Buffer.from(await answer.arrayBuffer())
    response.writeHead(answer.status, { 'content-length': bytes.length })
    response.end(bytes)
    return true
  }

test('an image comes from the hub to the lycée while its PC waits in the imager, and is used once all of it is there', async (t) => {
  const image = await makeImage(t, { chunks: 12 })
  const hub = await park(t, 'rectorat', '127.0.0.3', image)
  await cp(image.store.folder, join(hub.state, 'images'), { recursive: true })
  await writeFile(join(hub.state, 'keys/image-signing'), image.key.privateKeyPem, { mode: 0o600 })
  running(t, [hub.folder, '--site', 'rectorat'])
  await until('hub', answers(`${hub.origin}/store/`))

  const open = Promise.withResolvers<void>()
  const wire = await serve(t, [through(hub.origin, open.promise)])
  const site = await park(t, 'victor-hugo', '127.0.0.4', image)
  await writeFile(join(site.state, 'keys/image-signing.pub'), image.key.publicKeyPem)
  await mkdir(join(site.state, 'boot'))
  await writeFile(join(site.state, 'boot/boot.json'), JSON.stringify(bootSet))
  const store = openFolderStore(join(site.state, 'images'))
  const up = running(t, [site.folder, '--once', '--site', 'victor-hugo', '--images-from', wire.baseUrl])
  await until('site server', answers(`${site.origin}/store/`))
  const key = await readFile(join(site.state, 'keys/site-signing.pub'), 'utf8')
  const pc = bootImager(site.origin, mac, key)

  t.is((await pc.hello()).kind, 'wait')
  await until('wait for the image', () => up.heard.said.includes('"kind":"waiting"'))
  const waiting = await pc.hello()
  t.like(waiting, { kind: 'wait' })
  if (waiting.kind === 'wait') t.regex(waiting.message?.fr ?? '', /en cours de récupération/)
  t.regex(up.heard.said, /"kind":"waiting","code":"image-coming",.*"atMostMs":21600000/)
  t.deepEqual(await store.manifests(), [], 'nothing of it can be found before all of it is there')
  t.notRegex(up.heard.said, /"kind":"finished"|"kind":"acting".*"facet":"disk"/)

  open.resolve()
  const job = await pc.job()
  t.true(await isComplete(store, image.digest))
  t.like(job, { work: { kind: 'restore', manifest: image.digest } })
  const chunk = `${site.origin}/store/chunks/${image.names[0]?.slice(0, 2)}/${image.names[0]}.zst`
  t.is((await fetch(chunk)).status, 200, 'the PC gets it from its own lycée')
  const { code, stdout } = await up.stop()
  t.is(code, 3, stdout)
  t.regex(stdout, /"kind":"finished","result":"stopped"/)
})
