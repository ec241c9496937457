/** The keeper of dnsmasq, with programs of the test in its place. */
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { BootDecision } from '../../providers/netboot/boot-answer.ts'
import { NEEDED_FILES } from '../../providers/netboot/boot-programs.ts'
import { macIn } from '../../providers/netboot/local-start.ts'
import { type NetbootEvent, type NetbootOptions, startNetboot } from '../../providers/netboot/netboot.ts'
import { until } from '../lab/until.ts'

const SERVES = 'echo "dnsmasq-dhcp: DHCP, proxy on subnet 127.0.0.0" >&2\nexec sleep 1000\n'
const server = { address: '127.0.0.1', port: 8080, netboot: 'proxy' } as const

/** `script`: what runs as dnsmasq; `$1` is its `--conf-file=…`. */
async function keep(t: ExecutionContext, script: string | undefined, options: Partial<NetbootOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'netboot-'))
  const bootFolder = join(folder, 'boot')
  const program = join(folder, 'dnsmasq')
  await mkdir(bootFolder)
  for (const name of NEEDED_FILES) await writeFile(join(bootFolder, name), name)
  if (script !== undefined) {
    await writeFile(program, `#!/bin/sh\necho $$ >>${folder}/runs\n${script}`)
    await chmod(program, 0o755)
  }
  const events: NetbootEvent[] = []
  const watchers = new Set<() => void>()
  const netboot = startNetboot({
    ...{ wanted: { server, machines: [] }, bootFolder, stateFolder: join(folder, 'state'), program },
    ...{ answer: () => ({ kind: 'local' }), retryMs: { first: 1, most: 4 } },
    ...options,
    tell: (event) => {
      events.push(event)
      for (const watcher of watchers) watcher()
    },
  })
  t.teardown(async () => {
    await netboot.stop()
    await rm(folder, { recursive: true })
  })
  const next = (kind: NetbootEvent['kind'], from = 0): Promise<NetbootEvent> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = events.slice(from).find((event) => event.kind === kind)
        if (found !== undefined) resolve(found)
      }
      watchers.add(look)
      look()
    })
  const runs = async (): Promise<readonly number[]> =>
    (await readFile(join(folder, 'runs'), 'utf8')).trim().split('\n').map(Number)
  return { netboot, events, next, runs, folder, bootFolder }
}

const codeOf = (event: NetbootEvent): string => (event.kind === 'failed' ? event.reason.code : event.kind)

const failures: Readonly<Record<string, string>> = {
  'netboot-port-in-use': 'dnsmasq: failed to bind DHCP server socket: Address already in use',
  'netboot-needs-root': 'dnsmasq: process is missing required capability: Operation not permitted',
  'dnsmasq-ended': 'dnsmasq: something else',
}
for (const [code, line] of Object.entries(failures))
  test(`${code}: told once, and tried again until it works`, async (t) => {
    const { events, next, runs } = await keep(
      t,
      `[ $(wc -l <"$(dirname "$0")/runs") -ge 4 ] || { echo "${line}" >&2; exit 2; }\n${SERVES}`,
    )
    t.is(codeOf(await next('failed')), code)
    await next('serving')
    t.is(events.filter(({ kind }) => kind === 'failed').length, 1)
    t.is((await runs()).length, 4)
  })

test('a missing program, missing boot files, an address of another machine: each is told as what it is', async (t) => {
  t.is(codeOf(await (await keep(t, undefined)).next('failed')), 'dnsmasq-missing')
  const elsewhere = { server: { ...server, address: '192.0.2.1' }, machines: [] }
  t.is(codeOf(await (await keep(t, SERVES, { wanted: elsewhere })).next('failed')), 'server-address-not-here')
  const unbuilt = await (await keep(t, SERVES, { bootFolder: '/nonexistent' })).next('failed')
  t.is(codeOf(unbuilt), 'boot-files-missing')
  t.regex(unbuilt.kind === 'failed' ? unbuilt.reason.message.en : '', /shimx64\.efi.*proviseur imager build/)
})

test('boot files that are built later are served without anybody’s help', async (t) => {
  const { next, bootFolder } = await keep(t, SERVES, { retryMs: { first: 20, most: 20 } })
  await next('serving')
  const late = await keep(t, SERVES, {
    bootFolder: join(bootFolder, 'later'),
    retryMs: { first: 20, most: 20 },
  })
  await late.next('failed')
  await mkdir(join(bootFolder, 'later'))
  for (const name of NEEDED_FILES) await writeFile(join(bootFolder, 'later', name), name)
  await late.next('serving')
  t.pass()
})

test('it begins again when something else is wanted, not when the same is', async (t) => {
  const { netboot, next, runs, events } = await keep(t, SERVES)
  await next('serving')
  netboot.change({ server, machines: [] })
  const from = events.length
  netboot.change({ server: { ...server, port: 8081 }, machines: [] })
  await next('serving', from)
  const [first = 0, ...others] = await runs()
  t.is(others.length, 1)
  t.throws(() => process.kill(first, 0), { code: 'ESRCH' })
})

test('stopping ends dnsmasq and takes the TFTP folder away', async (t) => {
  const { netboot, next, runs, folder } = await keep(t, SERVES)
  await next('serving')
  const config = await readFile(join(folder, 'state/dnsmasq.conf'), 'utf8')
  const root = /^tftp-root=(.*)$/m.exec(config)?.[1] ?? ''
  t.regex(await readFile(join(root, 'grub/grub.cfg'), 'utf8'), /\(http,127\.0\.0\.1:8080\)\/boot\/grub\//)
  t.is((await stat(root)).mode & 0o777, 0o755)
  await netboot.stop()
  const [pid = 0] = await runs()
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  await t.throwsAsync(stat(root), { code: 'ENOENT' })
})

test('a dnsmasq that a killed Proviseur left behind is ended first', async (t) => {
  // It writes its number where dnsmasq would, and goes on when its parent is gone.
  const script = `pid=$(sed -n 's/^pid-file=//p' "\${1#--conf-file=}"); echo $$ >"$pid"
echo "dnsmasq-dhcp: DHCP, proxy on subnet 127.0.0.0" >&2
while :; do sleep 0.05; done\n`
  const former = await keep(t, script)
  await former.next('serving')
  const latter = await keep(t, script, {
    stateFolder: join(former.folder, 'state'),
    bootFolder: former.bootFolder,
    program: join(former.folder, 'dnsmasq'),
  })
  await latter.next('serving')
  await former.next('failed')
  t.pass()
})

test('the boot programs are hidden from a PC that shall start from its disk, as soon as it asks for an address', async (t) => {
  const decisions: Readonly<Record<string, BootDecision>> = {
    '52:54:00:00:00:01': { kind: 'local' },
    '52:54:00:00:00:02': { kind: 'imager' },
  }
  const asked: string[] = []
  const all = Promise.withResolvers<void>()
  const { folder } = await keep(
    t,
    `for mac in 01 02 01; do echo "dnsmasq-dhcp: DHCPDISCOVER(eth0) 52:54:00:00:00:$mac" >&2; done\n${SERVES}`,
    {
      answer: (mac) => {
        asked.push(mac)
        if (asked.length === 3) all.resolve()
        return decisions[mac] ?? { kind: 'imager' }
      },
    },
  )
  await all.promise
  const config = await readFile(join(folder, 'state/dnsmasq.conf'), 'utf8')
  const root = /^tftp-root=(.*)$/m.exec(config)?.[1] ?? ''
  await until('hidden boot programs', () => isThere(join(root, '52-54-00-00-00-01')))
  t.false(await isThere(join(root, '52-54-00-00-00-02')))
})

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

test("a PC's MAC is read from the kernel's neighbour table", (t) => {
  const table = [
    'IP address       HW type     Flags       HW address            Mask     Device',
    '10.25.11.21      0x1         0x2         52:54:00:25:02:01     *        eth0',
    '10.25.11.22      0x1         0x0         00:00:00:00:00:00     *        eth0',
    '',
  ].join('\n')
  t.is<string | undefined, string>(macIn(table, '10.25.11.21'), '52:54:00:25:02:01')
  t.is(macIn(table, '10.25.11.22'), undefined)
  t.is(macIn(table, '10.25.11.2'), undefined)
})
