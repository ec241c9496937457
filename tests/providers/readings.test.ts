import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { authorizedKeysProgram, hostnameProgram } from '../../providers/identity/driver.ts'
import { observedHostname, parseAuthorizedKeys } from '../../providers/identity/observed.ts'
import { parseBase, parseOsRelease } from '../../providers/inventory/base-facts.ts'
import { inventoryDriver } from '../../providers/inventory/driver.ts'
import { parseSessions } from '../../providers/inventory/sessions.ts'
import { explainApt } from '../../providers/packages/apt-failure.ts'
import { packagesDriver, transactionResults } from '../../providers/packages/driver.ts'
import { parseCandidates, parseInstalled } from '../../providers/packages/installed.ts'
import { parseCheck, parseRecords } from '../../providers/scripts/record.ts'
import { actionReader } from '../../providers/ssh/action-record.ts'
import { findNeighbour, locate } from '../../providers/ssh/address.ts'
import type { StepOutput } from '../../providers/ssh/facet-driver.ts'
import { addressesOf } from '../../providers/ssh/neighbourhood.ts'
import { connectFailure } from '../../providers/ssh/reach.ts'
import { shellFailure } from '../../providers/ssh/shell-failure.ts'
import type { PackageChange } from '../../reconciler/model/change.ts'
import { digestOf, makeMachine, site, wantPackage } from './machine.ts'

const base = `now=1764000005123
boot=0e8a3a3f-1111-4222-8333-444455556666
uptime=3600250
first=100
ticks=100
kernel=6.1.0-40-amd64
arch=x86_64
cpus=4
cpu=Intel(R) Core(TM) i3-4130 CPU @ 3.40GHz
memory=8025100
firmware=uefi
reboot=yes
free=1000 4096
running=sha256:abc
sys_vendor=Dell Inc.
product_name=OptiPlex 3020
product_serial=To Be Filled By O.E.M.
mac=virtual 02:42:00:00:00:01
mac=card 52:54:00:25:02:01
disk=sda 976773168 1 WDC WD5000AAKX-7
disk=sdb 0 0 Card Reader
disk=nvme0n1 1000215216 0 KINGSTON SNVS500G   
`

test('the base facts are read, by our clock', (t) => {
  const facts = parseBase(base, 1764000000000)
  t.like(facts, {
    bootId: '0e8a3a3f-1111-4222-8333-444455556666',
    clockSkewMs: 5123,
    bootedAt: Math.round((1764000000000 - 3600250 + 1000) / 1000) * 1000,
    rebootPending: true,
    running: 'sha256:abc',
  })
  t.deepEqual(facts?.hardware, {
    vendor: 'Dell Inc.',
    model: 'OptiPlex 3020',
    cpu: 'Intel(R) Core(TM) i3-4130 CPU @ 3.40GHz',
    cpus: 4,
    memoryBytes: 8025100 * 1024,
    firmware: 'uefi',
    macs: ['52:54:00:25:02:01'],
    disks: [
      { name: 'sda', sizeBytes: 500107862016, rotational: true, model: 'WDC WD5000AAKX-7' },
      { name: 'nvme0n1', sizeBytes: 512110190592, rotational: false, model: 'KINGSTON SNVS500G' },
    ],
    rootFreeBytes: 4096000,
  })
})

test('a PC that turns away whoever would log in says so, and no other', (t) => {
  const read = (more: string) => parseBase(`${base}${more}`, 1764000000000)
  t.like(read('logins=closed\n'), { loginsClosed: true })
  for (const more of ['logins=open\n', '']) t.false('loginsClosed' in (read(more) ?? {}))
})

test('logins are closed while one of the files of pam_nologin is there', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'proviseur-nologin-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  for (const folder of ['run', 'etc']) mkdirSync(join(root, folder))
  const probe = inventoryDriver.probes({ machine: makeMachine({ port: 22, hostKey: '' }), site })[0]?.sh ?? ''
  const line = probe.split('\n').find((one) => one.includes('nologin') && !one.startsWith('#')) ?? ''
  const logins = () =>
    execFileSync('sh', { input: line.replaceAll(/\/(?=run|etc)/g, `${root}/`) })
      .toString()
      .trim()
  t.is(logins(), 'logins=open')
  for (const file of ['run/nologin', 'etc/nologin']) {
    writeFileSync(join(root, file), '')
    t.is(logins(), 'logins=closed', file)
    rmSync(join(root, file))
  }
})

test('base facts without what decisions need are none', (t) => {
  t.is(parseBase('', 0), undefined)
  t.is(parseBase(base.replace(/^boot=.*\n/m, ''), 0), undefined)
  t.is(parseBase(base.replace('uptime=3600250', 'uptime=cat: /proc/uptime: No such file'), 0), undefined)
})

test('a container’s virtual card counts where there is no other', (t) => {
  const facts = parseBase(base.replace(/^mac=card.*\n/m, ''), 0)
  t.deepEqual(facts?.hardware.macs, ['02:42:00:00:00:01'])
})

for (const [title, text, expected] of [
  [
    'Debian',
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    ['debian', '12', 'Debian GNU/Linux 12 (bookworm)'],
  ],
  [
    'testing, without a version',
    'PRETTY_NAME="Debian GNU/Linux trixie/sid"\nVERSION_CODENAME=trixie\nID=debian',
    ['debian', 'trixie', 'Debian GNU/Linux trixie/sid'],
  ],
  [
    'quotes of all kinds',
    'NAME=\'Primtux "8"\'\nID=primtux\nVERSION_ID=8\n# ID=x',
    ['primtux', '8', 'Primtux "8"'],
  ],
  ['an empty file', '', ['linux', '', 'linux']],
] as const) {
  test(`os-release: ${title}`, (t) => {
    const { id, version, name } = parseOsRelease(text)
    t.deepEqual([id, version, name], [...expected])
  })
}

for (const [title, text, expected] of [
  ['nobody', 'source who\nsource terminals\n', []],
  ['an answer cut off', '', undefined],
  [
    'who with years, without, and with a message state',
    'source who\nmarie    tty7         2026-11-23 08:15 (:0)\npaul     pts/1        Nov 23 09:00 (10.0.0.5)\nanne     - pts/2 2026-11-23 10:00\nsource terminals\n',
    [
      { user: 'marie', terminal: 'tty7', since: Date.parse('2026-11-23T08:15Z') },
      { user: 'paul', terminal: 'pts/1' },
      { user: 'anne', terminal: 'pts/2', since: Date.parse('2026-11-23T10:00Z') },
    ],
  ],
  [
    'a login that utmp does not know, and one that it does',
    'source who\nmarie pts/0 2026-11-23 08:15\nsource terminals\nmarie 136 0\npaul 136 3\npaul 136 3\nroot 137 1\nanne 4 1\nanne 4 65\n 136 9\n',
    [
      { user: 'marie', terminal: 'pts/0', since: Date.parse('2026-11-23T08:15Z') },
      { user: 'paul', terminal: 'pts/3' },
      { user: 'root', terminal: 'pts/257' },
      { user: 'anne', terminal: 'tty1' },
    ],
  ],
  [
    'logind: a desktop, a closing session, the greeter, our connection, cron',
    `source logind
Name=marie\nTTY=tty2\nDisplay=\nClass=user\nState=active\nType=wayland\nTimestamp=Mon 2026-11-23 08:15:02 UTC

Name=paul\nTTY=tty3\nDisplay=\nClass=user\nState=closing\nType=x11\nTimestamp=

Name=lightdm\nTTY=\nDisplay=:0\nClass=greeter\nState=active\nType=x11\nTimestamp=

Name=root\nTTY=\nDisplay=\nClass=user\nState=active\nType=tty\nTimestamp=Mon 2026-11-23 09:00:00 UTC

Name=anne\nTTY=\nDisplay=:1\nClass=user\nState=online\nType=x11\nTimestamp=n/a

Name=root\nTTY=\nDisplay=\nClass=background\nState=active\nType=unspecified\nTimestamp=
`,
    [
      { user: 'marie', terminal: 'tty2', since: Date.parse('2026-11-23T08:15:02Z') },
      { user: 'anne', terminal: ':1' },
    ],
  ],
] as const) {
  test(`sessions: ${title}`, (t) =>
    t.deepEqual(parseSessions(text), expected === undefined ? undefined : [...expected]))

  test(`who is at work, as the PC itself judges it: ${title}`, (t) => {
    const users = (expected ?? []).map(({ user }) => user)
    t.deepEqual(occupants(text), [...new Set(users)].sort())
  })
}

function occupants(sessions: string): readonly string[] {
  const fragment = readFileSync(new URL('../../providers/inventory/occupants.sh', import.meta.url), 'utf8')
  const program = `sessions() { cat; }\n${fragment}`
  return execFileSync('sh', ['-c', program], { input: sessions, encoding: 'utf8' }).split('\n').slice(0, -1)
}

test('dpkg’s list gives installed, held and broken packages', (t) => {
  const { packages, strange } = parseInstalled(
    [
      'bash\tamd64\t5.2.15-2+b9\tinstall\tok\tinstalled',
      'libc6\ti386\t2.36-9\tinstall\tok\tinstalled',
      'adduser\tall\t3.134\thold\tok\tinstalled',
      'man-db\tamd64\t2.11\tinstall\tok\ttriggers-pending',
      'delta\tall\t1.0\tinstall\tok\thalf-configured',
      'eta\tall\t1.0\tinstall\treinstreq\thalf-installed',
      'iota\tall\t1.0\tinstall\treinstreq\tinstalled',
      'gone\tall\t1.0\tdeinstall\tok\tconfig-files',
      'never\tall\t\thold\tok\tnot-installed',
      'dpkg-query: warning: parsing file',
      '',
    ].join('\n'),
    'amd64',
  )
  t.deepEqual(
    [...packages.installed],
    [
      ['adduser', '3.134'],
      ['bash', '5.2.15-2+b9'],
      ['libc6:i386', '2.36-9'],
      ['man-db', '2.11'],
    ],
  )
  t.deepEqual([...packages.held], ['adduser', 'never'])
  t.deepEqual(packages.broken, [
    { name: 'man-db', state: 'triggers-pending' },
    { name: 'delta', state: 'half-configured' },
    { name: 'eta', state: 'half-installed (reinstreq)' },
    { name: 'iota', state: 'installed (reinstreq)' },
  ])
  t.deepEqual(strange, ['dpkg-query: warning: parsing file'])
})

test('the digest of a package set is that of its contents, not of its order', (t) => {
  const a = 'a\tall\t1\tinstall\tok\tinstalled\n'
  const b = 'b\tall\t1\tinstall\tok\tinstalled\n'
  const digest = (text: string) => parseInstalled(text, 'amd64').packages.digest
  t.is(digest(a + b), digest(b + a))
  t.not(digest(a + b), digest(a))
  t.regex(digest(''), /^sha256:[0-9a-f]{64}$/)
})

test('candidates are read from apt-cache policy', (t) => {
  const policy =
    'geogebra:\n  Installed: (none)\n  Candidate: 6.0.850\n  Version table:\n     6.0.850 500\n        500 file:/repo ./ Packages\n' +
    'minetest:\n  Installed: 1\n  Candidate: (none)\n  Version table:\nlibc6:i386:\n  Installed: (none)\n  Candidate: 2.36\n'
  t.deepEqual(
    [...parseCandidates(policy)],
    [
      ['geogebra', '6.0.850'],
      ['libc6:i386', '2.36'],
    ],
  )
  t.is(parseCandidates('N: Unable to locate package nosuch\n').size, 0)
})

for (const [output, failure, code] of [
  [
    'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1234 (unattended-upgr)',
    'wait',
    'apt-busy',
  ],
  ['dpkg: error: dpkg frontend lock was locked by another process with pid 99', 'wait', 'apt-busy'],
  ["E: You don't have enough free space in /var/cache/apt/archives/.", 'retry', 'disk-full'],
  [
    'dpkg: error processing archive x.deb (--unpack):\n cannot copy extracted data: No space left on device\nnew geogebra package pre-installation script subprocess',
    'retry',
    'disk-full',
  ],
  [
    "dpkg: error processing archive a.deb (--unpack):\n trying to overwrite '/usr/bin/x', which is also in package y 1.0",
    'terminal',
    'file-conflict',
  ],
  [
    ' installed delta package post-installation script subprocess returned error exit status 3',
    'retry',
    'maintainer-script-failed',
  ],
  ['E: Failed to fetch http://depot/x.deb  Could not connect to depot:80', 'retry', 'repository-unreachable'],
  ['E: Failed to fetch http://depot/x.deb  Hash Sum mismatch', 'retry', 'download-damaged'],
  [
    "W: GPG error: http://depot InRelease: The following signatures couldn't be verified: NO_PUBKEY 1",
    'retry',
    'repository-untrusted',
  ],
  [
    ' e : Depends: no-such-thing but it is not installable\nE: Unable to correct problems, you have held broken packages.',
    'terminal',
    'unsatisfiable',
  ],
  [
    'E: Essential packages were removed and -y was used without --allow-remove-essential.',
    'terminal',
    'would-remove-essential',
  ],
  [
    'dpkg: unrecoverable fatal error: unable to open files list: Read-only file system',
    'retry',
    'disk-read-only',
  ],
  [
    'dpkg: error: unable to execute new pre-installation script (/var/lib/dpkg/tmp.ci/preinst): Permission denied',
    'terminal',
    'var-noexec',
  ],
  ['something nobody has seen before', 'retry', 'apt-failed'],
] as const) {
  test(`apt says “${output.split('\n').at(-1)?.slice(0, 70)}”: ${code}`, (t) => {
    const found = explainApt('geogebra', output)
    t.deepEqual([found.class, found.reason.code], [failure, code])
    t.true(found.reason.message.fr.startsWith('geogebra') && found.reason.message.en.startsWith('geogebra'))
  })
}

test('the holder of apt’s lock is named', (t) => {
  const found = explainApt(
    'geogebra',
    'E: Could not get lock /x. It is held by process 1234 (unattended-upgr)',
  )
  t.true(found.reason.message.en.includes('unattended-upgr, pid 1234'))
})

const install = (name: string, to: string): PackageChange => {
  const wanted = wantPackage(name, { kind: 'version', version: to })
  return {
    facet: 'packages',
    item: wanted.name,
    source: name,
    operation: 'install',
    from: null,
    to,
    effect: 'quiet',
  }
}

const stepOutput = (more: Partial<StepOutput>): StepOutput => ({
  exitCode: 1,
  deadline: false,
  durationMs: 10,
  output: '',
  files: new Map(),
  ...more,
})

test('each package of a transaction has its own result', (t) => {
  const changes = [
    install('alpha', '1.0'),
    install('beta', '9.9'),
    install('gamma', '1.0'),
    install('delta', '1.0'),
  ]
  const results = transactionResults(
    changes,
    stepOutput({
      output: 'everything together',
      files: new Map([
        ['result', '0 ok 1.0-1\n1 version-not-found 2.0-1 1.0-1 \n2 would-remove beta \n'],
        ['change-1.log', ''],
      ]),
    }),
  )
  t.deepEqual(
    results.map(({ ok, class: failure, reason }) => [ok, failure, reason?.code, reason?.detail]),
    [
      [true, undefined, undefined, undefined],
      [false, 'terminal', 'version-not-found', '2.0-1, 1.0-1'],
      [false, 'terminal', 'would-remove', 'beta'],
      [false, 'retry', 'apt-failed', 'everything together'],
    ],
  )
})

test('what cannot be a package’s name never reaches apt', (t) => {
  const machine = makeMachine({ port: 22, hostKey: '', packages: [] })
  for (const change of [
    install('-oDpkg::Pre-Invoke::=reboot', '1'),
    install('alpha', '1; reboot'),
    install('ALPHA', '1'),
  ]) {
    const made = packagesDriver.steps({
      machine,
      site,
      changes: [change],
      expect: { packages: {} },
      locale: 'fr',
      secrets: new Map(),
    })
    t.is('kind' in made ? `${made.kind} ${made.reason.code}` : 'steps', 'impossible not-a-package-name')
  }
})

test('records of scripts are read, and what is damaged counts as never run', (t) => {
  const digest = digestOf('x')
  const records = parseRecords(
    `proxy run ${digest} boot-1 1764000000 3\nproxy ok ${digest} boot-0 1763000000\nbad run ${digest}\nbad2 run ${digest} b xx 0\n\n`,
  )
  t.deepEqual(
    [...records],
    [
      [
        'proxy',
        {
          lastRun: { digest, bootId: 'boot-1', at: 1764000000000, exitCode: 3 },
          succeeded: { digest, bootId: 'boot-0', at: 1763000000000 },
        },
      ],
    ],
  )
})

test('answers of checks are read', (t) => {
  t.deepEqual(parseCheck('exited 0\n'), { kind: 'exited', exitCode: 0, output: '' })
  t.deepEqual(parseCheck('exited 124\nline\nline 2'), {
    kind: 'exited',
    exitCode: 124,
    output: 'line\nline 2',
  })
  t.deepEqual(parseCheck('stopped 124\nhalf a line'), { kind: 'stopped' })
  t.deepEqual(parseCheck('run-as-unknown 0\n'), { kind: 'run-as-unknown' })
  t.deepEqual(parseCheck(''), { kind: 'unanswered' })
  t.deepEqual(parseCheck('exited x'), { kind: 'unanswered' })
})

test('of two host names the wrong one is seen', (t) => {
  t.is(observedHostname('b204-01\nb204-01\n', 'b204-01'), 'b204-01')
  t.is(observedHostname('b204-01\ndebian\n', 'b204-01'), 'debian')
  t.is(observedHostname('debian\nb204-01\n', 'b204-01'), 'debian')
  t.is(observedHostname('b204-01\n', 'b204-01'), 'b204-01')
})

test('authorized keys are read with and without options and comments', (t) => {
  t.deepEqual(
    parseAuthorizedKeys(
      '# a comment\n\nssh-ed25519 AAAA marie@pc\nfrom="10.0.0.1",command="echo \\"ssh-rsa BBBB\\" now" ssh-rsa CCCC\necdsa-sha2-nistp256 DDDD\nnonsense\nssh-rsa\n',
    ),
    ['ssh-ed25519 AAAA', 'ssh-rsa CCCC', 'ecdsa-sha2-nistp256 DDDD'],
  )
})

const folder = (t: ExecutionContext): string => {
  const made = mkdtempSync(join(tmpdir(), 'proviseur-etc-'))
  t.teardown(() => rmSync(made, { recursive: true }))
  return made
}

for (const [title, hosts, expected] of [
  [
    'without the line',
    '127.0.0.1 localhost\n::1 ip6-localhost\n',
    '127.0.0.1 localhost\n::1 ip6-localhost\n127.0.1.1\tb204-01.hugo.test b204-01\n',
  ],
  [
    'with the old name and another alias',
    '127.0.0.1 localhost\n127.0.1.1\told.example.org old  printers\n10.0.0.1 server\n',
    '127.0.0.1 localhost\n127.0.1.1\tb204-01.hugo.test b204-01 printers\n10.0.0.1 server\n',
  ],
  [
    'with two such lines',
    '127.0.1.1 old\n127.0.1.1 b204-01 # by hand\n',
    '127.0.1.1\tb204-01.hugo.test b204-01\n',
  ],
] as const) {
  test(`/etc/hosts ${title} gets the new name`, (t) => {
    const etc = folder(t)
    writeFileSync(join(etc, 'hosts'), hosts)
    writeFileSync(join(etc, 'hostname'), 'old\n')
    for (let times = 0; times < 2; times++) {
      execFileSync('sh', { input: hostnameProgram('b204-01', 'hugo.test', etc) })
      t.is(readFileSync(join(etc, 'hosts'), 'utf8'), expected)
      t.is(readFileSync(join(etc, 'hostname'), 'utf8'), 'b204-01\n')
    }
    t.is(statSync(join(etc, 'hosts')).mode & 0o777, 0o644)
  })
}

test('authorized keys are added once, and the others stay', (t) => {
  const home = folder(t)
  mkdirSync(join(home, 'files'))
  mkdirSync(join(home, '.ssh'))
  writeFileSync(join(home, '.ssh/authorized_keys'), 'from="10.0.0.1" ssh-rsa AAAA mine')
  writeFileSync(
    join(home, 'files/keys'),
    'ssh-ed25519 BBBB marie la technicienne\nssh-rsa AAAA known already\n',
  )
  const program = authorizedKeysProgram('root', home)
  for (let times = 0; times < 2; times++) {
    execFileSync('sh', { input: program, env: { ...process.env, P_FILES: join(home, 'files') } })
    const file = join(home, '.ssh/authorized_keys')
    t.is(
      readFileSync(file, 'utf8'),
      'from="10.0.0.1" ssh-rsa AAAA mine\nssh-ed25519 BBBB marie la technicienne\n',
    )
    t.is(statSync(file).mode & 0o777, 0o600)
    t.is(statSync(join(home, '.ssh')).mode & 0o777, 0o700)
  }
})

const neighbours = JSON.stringify([
  { dst: 'fe80::1', dev: 'eth0', lladdr: '52:54:00:25:02:01', state: ['REACHABLE'] },
  { dst: '192.168.9.9', dev: 'eth1', lladdr: '52:54:00:25:02:01', state: ['STALE'] },
  { dst: '10.25.11.7', dev: 'eth0', lladdr: '52:54:00:25:02:01', state: ['STALE'] },
  { dst: '10.25.11.8', dev: 'eth0', state: ['FAILED'] },
  { dst: '10.25.11.9', dev: 'eth0', lladdr: '52:54:00:25:02:02', state: ['FAILED'] },
  { dst: 'fe80::2', dev: 'eth0', lladdr: '52:54:00:25:02:03', state: ['STALE'] },
])

test('a machine is found by its MAC among the neighbours, in its lycée’s network first', (t) => {
  t.is(findNeighbour(neighbours, '52:54:00:25:02:01', '10.25.11.0/24'), '10.25.11.7')
  t.is(findNeighbour(neighbours, '52:54:00:25:02:01', '192.168.9.0/24'), '192.168.9.9')
  t.is(findNeighbour(neighbours, '52:54:00:25:02:02', undefined), undefined)
  t.is(findNeighbour(neighbours, '52:54:00:25:02:03', undefined), 'fe80::2%eth0')
  t.is(findNeighbour('Option "-j" is unknown', '52:54:00:25:02:03', undefined), undefined)
})

test('a machine that has no address anywhere is off, and says what is missing', async (t) => {
  const { address: _, ...machine } = makeMachine({ port: 22, hostKey: '' })
  const signal = new AbortController().signal
  const deserted = { table: async () => '[]', call: async () => true }
  const lost = await locate(machine, site, deserted, signal)
  t.like(lost, { kind: 'unreached', reach: 'off', reason: { code: 'no-address' } })
  const known = {
    table: async () => neighbours,
    call: async () => {
      throw new Error('nobody is missing')
    },
  }
  t.like(await locate(machine, site, known, signal), { host: '192.168.9.9' })
})

test('everybody on the lycée’s network is asked for a machine that the neighbour table does not know', async (t) => {
  const { address: _, ...machine } = makeMachine({ port: 22, hostKey: '' })
  const signal = new AbortController().signal
  const asked: string[] = []
  const shy = {
    table: async () => (asked.length === 0 ? '[]' : neighbours),
    call: async (subnet: string) => asked.push(subnet) > 0,
  }
  t.like(await locate(machine, { ...site, subnet: '10.25.11.0/24' }, shy, signal), { host: '10.25.11.7' })
  t.deepEqual(asked, ['10.25.11.0/24'])
})

test('of a network, all hosts are asked, and of one that is too large for that, none', (t) => {
  t.deepEqual(addressesOf('10.25.11.4/30'), ['10.25.11.5', '10.25.11.6'])
  const all = addressesOf('10.25.12.0/22')
  t.is(all.length, 1022)
  t.deepEqual([all[0], all.at(-1)], ['10.25.12.1', '10.25.15.254'])
  t.deepEqual(addressesOf('255.255.255.128/25').at(-1), '255.255.255.254')
  for (const none of ['10.0.0.0/8', '10.25.11.7/32', 'fd00::/64', '10.25.11.0'])
    t.deepEqual(addressesOf(none), [])
})

for (const [code, present, reach, reason] of [
  ['ECONNREFUSED', false, 'silent', 'ssh-refused'],
  ['ETIMEDOUT', false, 'off', 'off'],
  ['ETIMEDOUT', true, 'silent', 'ssh-filtered'],
  ['EHOSTUNREACH', false, 'off', 'off'],
  ['EHOSTDOWN', false, 'off', 'off'],
  ['ENETUNREACH', false, 'off', 'no-route'],
  ['EMFILE', false, 'silent', 'too-many-files'],
] as const) {
  test(`${code}${present ? ' from a machine that was seen' : ''} means ${reach}: ${reason}`, (t) => {
    const found = connectFailure('victor-hugo/b204-01', '10.0.0.1:22', code, present)
    t.deepEqual([found.reach, found.class, found.reason.code], [reach, 'wait', reason])
  })
}

test('an account that may not use sudo is told the rule that is enough, not one for all commands', (t) => {
  const stderr = 'sudo: a password is required\n'
  const refused = { kind: 'exited', exitCode: 1, stdout: '', stderr, droppedBytes: 0 } as const
  const { message } = shellFailure('victor-hugo/b204-01', 'gestion', refused).reason
  for (const text of [message.en, message.fr]) {
    t.true(text.includes('gestion ALL=(root) NOPASSWD: /usr/bin/sh -s'), text)
    t.false(text.includes('NOPASSWD: ALL'), text)
  }
})

for (const [stderr, exitCode, code] of [
  ['sudo: a password is required\n', 1, 'sudo-refused'],
  ['sudo: a terminal is required to read the password\n', 1, 'sudo-refused'],
  ['marie is not in the sudoers file.\nsudo: marie is not allowed to run sh\n', 1, 'sudo-refused'],
  ['sh: 1: exec: sudo: not found\n', 127, 'sudo-missing'],
  ['bash: line 1: exec: sh: not found\n', 127, 'shell-missing'],
  ['This account is currently not available.\n', 1, 'shell-failed'],
] as const) {
  test(`a login shell that says “${stderr.trim().split('\n').at(-1)}”: ${code}`, (t) => {
    const found = shellFailure('victor-hugo/b204-01', 'marie', {
      kind: 'exited',
      exitCode,
      stdout: '',
      stderr,
      droppedBytes: 0,
    })
    t.is(found.reason.code, code)
  })
}

for (const [title, text, kind] of [
  ['nothing at all', '', 'cut'],
  ['a start and no end', 'M say started\nM say progress 0 working\n', 'cut'],
  ['a refusal cut off', 'M say refused fence-older\n', 'cut'],
  ['a refusal', 'M say refused fence-older\nM begin refused\n2 1 x\nM end refused 0\n', 'refused'],
  ['an interruption', 'M say joined\nM begin log\n\nM end log 0\nM say interrupted\n', 'interrupted'],
  ['an end', 'M say joined\nM say step 0 0 12\nM say ended done boot boot\n', 'ended'],
] as const) {
  test(`the record of an action tells ${title}: ${kind}`, (t) => {
    const reader = actionReader('M', 1, [], () => {})
    reader.push(Buffer.from(text))
    t.is(reader.report().kind, kind)
  })
}

test('a restart is done only when the boot has changed since', (t) => {
  const restart = (words: string) => {
    const reader = actionReader('M', 0, [], () => {})
    reader.push(Buffer.from(`M say ended ${words}\n`))
    const report = reader.report()
    return report.kind === 'ended' ? report.restart : report.kind
  }
  t.is(restart('restarting one one'), 'pending')
  t.is(restart('restarting one two'), 'done')
  t.is(restart('restart-skipped one one'), 'skipped')
  t.is(restart('done one two'), 'none')
})

test('secrets are blotted out of progress and results', (t) => {
  const lines: string[] = []
  const reader = actionReader('M', 1, ['sésame-ouvre-toi', 'abc'], ({ line }) => lines.push(line))
  reader.push(
    Buffer.from(
      'M say started\nM say progress 0 key is sésame-ouvre-toi now\nM say step 0 1 5\nM begin step/0/output\nabc sésame-ouvre-toi!\n\nM end step/0/output 0\nM say ended done b b\n',
    ),
  )
  const report = reader.report()
  t.deepEqual(lines, ['key is •••• now'])
  t.is(report.kind === 'ended' ? report.steps[0]?.output : '', 'abc ••••!\n')
})
