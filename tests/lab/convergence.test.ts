/** A lycée of six real PCs, each wrong in its own way, is put right, follows its commits, and is kept right. */
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { createLab, type Lab, type Pc } from './lab.ts'
import { type ManagedLycee, manageLycee, packageFiles, roleFile, scriptFile } from './managed-lycee.ts'
import type { ParkOptions } from './park.ts'
import { isConverged, type Up } from './running-up.ts'
import { until } from './until.ts'

const B204 = ['b204-01', 'b204-02', 'b204-03', 'b204-04']
const CDI = ['cdi-01', 'cdi-02']

const first: ParkOptions = {
  rooms: { b204: { role: 'salle' } },
  lycee: { role: 'poste' },
  files: {
    ...packageFiles('geogebra', 'scratux', 'minetest', 'tuxmath'),
    ...roleFile('poste', {
      packages: {
        geogebra: { version: '6.0.850', hold: true },
        scratux: { version: 'present', hold: false },
        minetest: 'absent',
      },
      scripts: ['welcome', 'proxy', 'stamp'],
    }),
    ...roleFile('salle', { extends: 'poste' }),
    ...scriptFile('welcome', { when: 'once', apply: 'echo bienvenue >>/var/log/welcome.runs\n' }),
    ...scriptFile('stamp', { apply: 'echo un >>/var/log/stamp.runs\n' }),
    ...scriptFile('proxy', {
      check: 'test "$(cat /etc/proxy.lycee)" = proxy.lycee.example:3128\n',
      apply: 'echo proxy.lycee.example:3128 >/etc/proxy.lycee\n',
    }),
  },
}

let lab: Lab
let lycee: ManagedLycee
let up: Up

test.before(async () => {
  const packages = ['6.0.800-1', '6.0.850-1', '6.0.900-1'].map((version) => ({ name: 'geogebra', version }))
  lab = await createLab({
    packages: [
      ...packages,
      { name: 'scratux', version: '1.4.1-2' },
      { name: 'minetest', version: '5.9.0-1' },
      { name: 'tuxmath', version: '2.0.3-5' },
      { name: 'chess', version: '1.0-1' },
    ],
    pcs: [
      { name: 'b204-01', room: 'b204' },
      { name: 'b204-02', room: 'b204', installed: { geogebra: '6.0.800-1', scratux: '1.4.1-2' } },
      { name: 'b204-03', room: 'b204', installed: { geogebra: '6.0.900-1' } },
      {
        name: 'b204-04',
        room: 'b204',
        hostname: 'poste-17',
        installed: { minetest: '5.9.0-1', geogebra: '6.0.850-1' },
      },
      {
        name: 'cdi-01',
        room: 'cdi',
        installed: { geogebra: '6.0.800-1', scratux: '1.4.1-2', chess: '1.0-1' },
      },
      { name: 'cdi-02', room: 'cdi', off: true },
    ],
  })
  await lab.pc('cdi-01').exec('apt-mark hold geogebra scratux')
  lycee = await manageLycee(lab)
})

test.afterEach.always(async (t) => {
  if (!t.passed) t.log(await lab.describe(), up?.output())
})

test.after.always(async () => {
  await lycee?.dispose()
  await lab?.dispose()
})

test.serial(
  'six PCs, wrong in different ways and one of them off, become what the first commit says',
  async (t) => {
    const revision = await lycee.commit(first)
    up = lycee.up()
    await up.converged(revision)
    for (const pc of lab.pcs) {
      t.is(await pc.installed('geogebra'), '6.0.850-1', pc.name)
      t.is(await pc.installed('scratux'), '1.4.1-2', pc.name)
      t.is(await pc.installed('minetest'), undefined, pc.name)
      t.is(await held(pc), 'geogebra', pc.name)
      t.is((await pc.exec('hostname')).trim(), pc.name)
      t.is((await pc.readFile('/etc/hostname')).trim(), pc.name)
      t.is(await pc.readFile('/var/log/welcome.runs'), 'bienvenue\n', pc.name)
      t.is(await pc.readFile('/var/log/stamp.runs'), 'un\n', pc.name)
      t.is(await pc.readFile('/etc/proxy.lycee'), 'proxy.lycee.example:3128\n', pc.name)
      t.is(await pc.exec('dpkg --audit'), '', pc.name)
    }
    t.deepEqual(
      lab
        .pc('cdi-02')
        .history()
        .map(({ cause }) => cause),
      ['mains', 'magic-packet', 'boot'],
    )
    t.is(await lab.pc('cdi-01').installed('chess'), '1.0-1', 'a package that no spec names')
  },
)

test.serial('a converged lycée is looked at again and again, and nothing more is done to it', async (t) => {
  const from = up.events.length
  await looks(up, from, 3)
  const later = up.events.slice(from)
  t.deepEqual(
    later.filter(({ kind }) => kind === 'acting' || kind === 'ended' || kind === 'decided'),
    [],
  )
  const status = await lycee.status()
  t.is(status.counts['converged'], 6)
  const started = (await lycee.log()).filter(({ kind }) => kind === 'action-started').length
  await looks(up, up.events.length, 1)
  t.is((await lycee.log()).filter(({ kind }) => kind === 'action-started').length, started)
})

test.serial(
  'a commit that adds a package, moves versions up and down, changes a script and adds a key is followed',
  async (t) => {
    const visitor = `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0 ${'k'.repeat(32)}`, 'latin1').toString('base64')} claire`
    const revision = await lycee.commit(
      {
        ...first,
        rooms: { b204: { role: 'salle' }, cdi: { packages: { geogebra: '6.0.800' } } },
        files: {
          ...first.files,
          ...roleFile('salle', {
            extends: 'poste',
            packages: { geogebra: '6.0.900', tuxmath: 'present' },
            identity: { authorizedKeys: [visitor] },
          }),
          ...scriptFile('stamp', { apply: 'echo deux >>/var/log/stamp.runs\n' }),
        },
      },
      'tuxmath in b204, other versions',
    )
    await up.converged(revision)
    for (const name of B204) {
      t.is(await lab.pc(name).installed('geogebra'), '6.0.900-1', name)
      t.is(await lab.pc(name).installed('tuxmath'), '2.0.3-5', name)
      const keys = await lab.pc(name).readFile('/root/.ssh/authorized_keys')
      t.true(keys.includes(visitor), name)
      t.true(keys.includes(lab.publicKey.trim()), 'the key that was there stays')
    }
    for (const name of CDI) {
      t.is(await lab.pc(name).installed('geogebra'), '6.0.800-1', name)
      t.is(await lab.pc(name).installed('tuxmath'), undefined, name)
      t.false((await lab.pc(name).readFile('/root/.ssh/authorized_keys')).includes(visitor), name)
    }
    for (const pc of lab.pcs) {
      t.is(await pc.readFile('/var/log/stamp.runs'), 'un\ndeux\n', pc.name)
      t.is(await pc.readFile('/var/log/welcome.runs'), 'bienvenue\n', pc.name)
      t.is(await held(pc), 'geogebra', pc.name)
    }
  },
)

test.serial('a secret reaches its script as a variable, and shows nowhere else', async (t) => {
  const password = 'Corneille-1636-Rouen'
  const identity = await generateX25519Identity()
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity))
  const encrypted = armor.encode(await encrypter.encrypt(password))
  await writeFile(join(lycee.state, 'age-identity.txt'), `${identity}\n`, { mode: 0o600 })
  const pc = lab.pc('cdi-01')
  const revision = await lycee.commit(
    {
      ...first,
      machines: { 'cdi-01': { scripts: { wifi: 'present' } } },
      files: {
        ...first.files,
        'secrets/wifi.yaml': { kind: 'Secret', name: 'wifi', file: 'wifi.age' },
        'secrets/wifi.age': encrypted,
        ...scriptFile('wifi', {
          secrets: ['wifi'],
          // It waits until the test has looked at what runs on the PC; and it is careless with what it prints.
          apply: [
            'echo "the password is $PROVISEUR_SECRET_WIFI"',
            ': >/run/wifi-runs',
            'while [ ! -e /run/wifi-seen ]; do sleep 0.1; done',
            'printf %s "$PROVISEUR_SECRET_WIFI" | sha256sum >/etc/wifi.digest\n',
          ].join('\n'),
        }),
      },
    },
    'Wi-Fi at the CDI',
  )
  await until(
    'the running script',
    async () => (await pc.execResult('test -e /run/wifi-runs')).exitCode === 0,
  )
  const processes = `${await pc.exec('ps -eo args')}${await commandLines()}`
  await pc.exec('touch /run/wifi-seen')
  await up.converged(revision)

  t.is(
    (await pc.readFile('/etc/wifi.digest')).split(' ')[0],
    createHash('sha256').update(password).digest('hex'),
  )
  const plan = await lycee.run('plan', '--rev', 'main', '--format', 'json')
  const explained = await lycee.run('explain', 'cdi-01', '--json')
  const log = await lycee.run('log', '--limit', '5000', '--json')
  t.true(up.output().includes('the password is'), 'what the script printed is shown')
  const places = {
    'the process lists': processes,
    'the output of up': up.output(),
    'the plan': plan.stdout + plan.stderr,
    'the explanation': explained.stdout,
    'the audit log': log.stdout,
    'the state folder': (await contents(lycee.state)).toString('latin1'),
    'what the PC runs of it after its end': await pc.exec(
      'grep -rs "Corneille" /run/proviseur /tmp /etc || true',
    ),
    'the payloads on the PC': await pc.exec(
      'find /var/lib/proviseur -type f ! -name "*.out" -exec grep -l Corneille {} + || true',
    ),
  }
  for (const [place, text] of Object.entries(places)) t.false(text.includes('Corneille'), place)
})

test.serial(
  'a package that somebody removed by hand and a file that somebody deleted come back',
  async (t) => {
    const [here, there] = [lab.pc('b204-02'), lab.pc('cdi-02')]
    const from = up.events.length
    await here.exec('apt-get remove -y --allow-change-held-packages geogebra')
    await there.exec('rm /etc/proxy.lycee')
    for (const name of ['b204-02', 'cdi-02']) {
      await up.next(`the end of the healing of ${name}`, isEndOn(name), from)
      await up.reaches(name, isConverged)
    }
    t.is(await here.installed('geogebra'), '6.0.850-1')
    t.is(await held(here), 'geogebra')
    t.is(await there.readFile('/etc/proxy.lycee'), 'proxy.lycee.example:3128\n')
    const touched = up.events.slice(from).filter(({ kind }) => kind === 'acting')
    t.deepEqual(touched.map(({ machine }) => machine).sort(), ['victor-hugo/b204-02', 'victor-hugo/cdi-02'])
  },
)

test.serial(
  'where drift is only reported, it is told and left; a commit is applied nevertheless',
  async (t) => {
    const pc = lab.pc('cdi-01')
    const reporting: ParkOptions = { ...first, machines: { 'cdi-01': { drift: { packages: 'report' } } } }
    await up.converged(await lycee.commit(reporting, 'Only report what changes on cdi-01'))
    const from = up.events.length
    await pc.exec('apt-get remove -y --allow-change-held-packages geogebra')
    await pc.exec('apt-get install -y minetest')
    await looks(up, from, 3)
    t.deepEqual(
      up.events.slice(from).filter(({ kind }) => kind === 'acting'),
      [],
    )
    t.is(await pc.installed('geogebra'), undefined)
    t.is(await pc.installed('minetest'), '5.9.0-1')
    const explained = await lycee.run('explain', 'cdi-01')
    t.regex(explained.stdout, /geogebra/)
    const shown = (await lycee.status()).machines.find(({ machine }) => machine.endsWith('cdi-01'))
    t.is(shown?.decision, 'converged')
    t.regex(explained.stdout, /What differs[\s\S]*geogebra[\s\S]*minetest/)

    const revision = await lycee.commit(
      { ...reporting, rooms: { ...first.rooms, cdi: { packages: { tuxmath: 'present' } } } },
      'tuxmath at the CDI',
    )
    await up.converged(revision)
    t.is(await pc.installed('tuxmath'), '2.0.3-5')
    t.is(await pc.installed('geogebra'), '6.0.850-1', 'a commit puts the whole facet right')
    t.is(await pc.installed('chess'), '1.0-1', 'a package that no spec ever named')
    t.is(await up.stop(), 0)
  },
)

const held = async (pc: Pc): Promise<string> => (await pc.exec('apt-mark showhold')).trim()

const isEndOn =
  (name: string) =>
  (event: { readonly kind: string; readonly machine?: string }): boolean =>
    event.kind === 'ended' && event.machine?.endsWith(`/${name}`) === true

/** Resolves when each PC was looked at so many times since event number `from`. */
const looks = (of: Up, from: number, times: number): Promise<void> =>
  of.when(`${times} looks at each PC`, () =>
    lab.pcs.every(
      ({ name }) =>
        of.events
          .slice(from)
          .filter(({ kind, machine }) => kind === 'observed' && machine?.endsWith(`/${name}`)).length >=
        times,
    ),
  )

/** Of all processes of this machine, the lab's included. */
async function commandLines(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  // A process that ends while it is looked at has no command line.
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.join('\n')
}

async function contents(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))))
}
