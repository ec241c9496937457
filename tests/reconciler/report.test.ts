import test from 'ava'
import { explain } from '../../reconciler/explain.ts'
import type { ChangeKey, DiskRequestId } from '../../reconciler/model/ids.ts'
import type { History, Plan } from '../../reconciler/model/plan.ts'
import { comparePark } from '../../reconciler/park-comparison.ts'
import { plan } from '../../reconciler/plan.ts'
import { reportPlan } from '../../reconciler/plan-report.ts'
import { planReportMarkdown } from '../../reconciler/report-markdown.ts'
import { planReportText } from '../../reconciler/report-text.ts'
import { status } from '../../reconciler/status.ts'
import type { Desired, Profile, WantedDisk } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import {
  capacity,
  digest,
  everyDay,
  facts,
  imager,
  machine,
  machineId,
  now,
  observedDisk,
  off,
  park,
  planInput,
  profile,
  server,
  up,
  wantedDisk,
  wantedPackage,
  wantedScript,
  weekly,
} from './sample-park.ts'

const nbsp = '\u00a0'
const room = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${String(index + 1).padStart(2, '0')}`)

const wanting = (word: string, ...packages: Parameters<typeof wantedPackage>[]): Profile =>
  profile({ digest: digest(word), packages: packages.map((one) => wantedPackage(...one)) })

const parkOf = (ids: readonly string[], kind: Profile): Desired =>
  park(
    ids.map((id) => machine(id, kind)),
    { capacity: capacity() },
  )

const seenUp = (ids: readonly string[]): Plan => {
  const desired = parkOf(ids, wanting('x', ['blender', '4.1']))
  return plan(
    planInput(
      desired,
      ids.map((id) => up(id)),
    ),
  )
}

test('one package on a whole room is one line', (t) => {
  const ids = room('hugo/b204', 28)
  const report = reportPlan(parkOf(ids, wanting('x')), seenUp(ids))
  t.deepEqual(
    report.sites.flatMap((site) => site.changes).map((group) => group.machines.length),
    [28],
  )
  t.true(planReportText(report, 'fr').includes(`  b204${nbsp}: 28 postes — installer blender 4.1\n`))
  t.true(planReportText(report, 'en').includes('  b204: 28 machines — install blender 4.1\n'))
})

test('one package on several rooms or lycées is one line, too', (t) => {
  const rooms = [...room('hugo/b204', 2), ...room('hugo/b205', 3)]
  t.true(
    planReportText(reportPlan(parkOf(rooms, wanting('x')), seenUp(rooms)), 'en').includes(
      '2 rooms: 5 machines',
    ),
  )
  const lycees = [...rooms, ...room('zola/a1', 2)]
  const report = reportPlan(parkOf(lycees, wanting('x')), seenUp(lycees))
  t.is(report.changes.length, 1)
  t.true(planReportText(report, 'en').includes('2 lycées: 7 machines — install blender 4.1'))
  t.deepEqual(
    report.sites.map((site) => [site.id, site.counts.changing, site.rooms.length]),
    [
      ['hugo', 5, 2],
      ['zola', 2, 1],
    ],
  )
})

test('a single machine is named', (t) => {
  const ids = room('hugo/b204', 1)
  t.true(
    planReportText(reportPlan(parkOf(ids, wanting('x')), seenUp(ids)), 'en').includes('  b204-01 — install'),
  )
})

test('who is held is told with the gate, the reason and until when', (t) => {
  const kind = profile({ packages: [wantedPackage('vim')], windows: [weekly(everyDay, '19:00', '23:00')] })
  const ids = room('hugo/b204', 3)
  const desired = parkOf(ids, kind)
  const report = reportPlan(
    desired,
    plan(
      planInput(
        desired,
        ids.map((id) => up(id)),
      ),
    ),
  )
  t.like(report.exceptions, [{ kind: 'held', by: 'window', machines: { length: 3 } }])
  const text = planReportText(report, 'fr')
  t.true(
    text.includes(
      `3 postes, fenêtre de maintenance${nbsp}: Aucune fenêtre de maintenance n’est ouverte en ce moment. (à partir du mar. 13 oct. 2026 à 19:00)`,
    ),
    text,
  )
})

test('a report in Markdown shows hostile titles as they are', (t) => {
  const ids = room('hugo/b204', 2)
  const desired = parkOf(ids, wanting('x', ['vim']))
  const named: Desired = {
    ...desired,
    sites: new Map([...desired.sites].map(([id, site]) => [id, { ...site, title: '**L** | @x <b>' }])),
  }
  const markdown = planReportMarkdown(
    reportPlan(
      named,
      plan(
        planInput(
          named,
          ids.map((id) => up(id)),
        ),
      ),
    ),
    'fr',
  )
  t.true(markdown.includes('| \\*\\*L\\*\\* \\| &#64;x &lt;b&gt; | 2 | 2 | 0 | 0 | 0 |'), markdown)
  t.true(markdown.includes(`- b204${nbsp}: 2 postes — installer vim`), markdown)
})

test('two revisions are compared machine by machine, equal changes together', (t) => {
  const before = wanting('before', ['blender', '4.0'], ['minetest'])
  const after = wanting('after', ['blender', '4.1'], ['vim'])
  const base = park([
    machine('hugo/b204-01', before),
    machine('hugo/b204-02', before),
    machine('hugo/b204-03', before),
  ])
  const head = park([
    machine('hugo/b204-01', after),
    machine('hugo/b204-02', after),
    machine('hugo/b204-04', after),
  ])
  const found = comparePark(base, head)
  t.deepEqual(found.added, [machineId('hugo/b204-04')])
  t.deepEqual(found.removed, [machineId('hugo/b204-03')])
  t.deepEqual(
    found.changes.map((group) => [group.text.fr, group.machines.length]),
    [
      [`paquet blender${nbsp}: 4.1 (auparavant${nbsp}: 4.0)`, 2],
      ['paquet minetest plus géré, laissé tel quel', 2],
      [`paquet vim${nbsp}: présent`, 2],
    ],
  )
})

test('a new image is told as disks that will be rewritten, a moved PC as renamed', (t) => {
  const image = (version: string): Profile => profile({ digest: digest(version), disk: wantedDisk(version) })
  const old = machine('hugo/b204-01', image('2026.03'))
  const base = park([old, machine('hugo/b204-02', image('2026.03'))])
  const head = park([
    { ...machine('hugo/b205-01', image('2026.09')), mac: old.mac },
    machine('hugo/b204-02', image('2026.03')),
  ])
  t.like(comparePark(base, head), {
    added: [],
    removed: [],
    renamed: [{ from: machineId('hugo/b204-01'), to: machineId('hugo/b205-01') }],
    wiped: [machineId('hugo/b205-01')],
    changes: [{ text: { en: 'image debian-edu@2026.03 → debian-edu@2026.09' }, effect: 'destructive' }],
  })
})

test('of an image a revision may change the version, the layout or the menu, or name one that is not there yet', (t) => {
  const { manifest: _, ...unimported } = wantedDisk('2027.01')
  const compared = (after: WantedDisk): readonly (readonly string[])[] =>
    comparePark(
      park([machine('hugo/b204-01', profile({ digest: digest('before'), disk: wantedDisk() }))]),
      park([machine('hugo/b204-01', profile({ digest: digest('after'), disk: after }))]),
    ).changes.map(({ effect, text }) => [effect, text.en])
  t.deepEqual(compared(wantedDisk('2027.01')), [
    ['destructive', 'image debian-edu@2026.09 → debian-edu@2027.01'],
  ])
  t.deepEqual(compared(wantedDisk('2026.09', { layoutDigest: digest('new') })), [
    ['destructive', 'disk layout of image debian-edu@2026.09'],
  ])
  t.deepEqual(compared(wantedDisk('2026.09', { settingsDigest: digest('new') })), [
    ['disruptive', 'boot menu and reset settings, by a restart into the imager'],
  ])
  t.deepEqual(compared(unimported), [
    ['quiet', 'image debian-edu@2026.09 → debian-edu@2027.01, not imported yet: nothing is written'],
  ])
})

test('a plan of disks tells what is moved, how long it takes, and what is lost where', (t) => {
  const of = profile({ digest: digest('imaged'), disk: wantedDisk() })
  const ids = ['hugo/b204-01', 'hugo/b204-02', 'hugo/b204-03']
  const images = new Map([
    [
      wantedDisk().manifest ?? '',
      { usedBytes: 9e9, storedBytes: 3_400_000_000, deltaBytes: () => 200_000_000 },
    ],
  ])
  const partitions = [{ number: 1, sizeBytes: 1, name: 'Windows' }]
  const seen = [
    imager(
      'hugo/b204-01',
      observedDisk(undefined, now, { by: 'imager', disks: [{ name: 'sda', sizeBytes: 1, partitions }] }),
    ),
    up('hugo/b204-02', facts(), { disk: observedDisk(wantedDisk('2026.03')) }),
    up('hugo/b204-03', facts(), { disk: observedDisk(wantedDisk()) }),
  ]
  const desired = park(
    ids.map((id) => machine(id, of)),
    { server },
  )
  const report = reportPlan(desired, plan(planInput(desired, seen, { images })))
  t.deepEqual(report.wiped, ids.slice(0, 2).map(machineId))
  t.like(report.counts, { bytes: 3_600_000_000, changes: { destructive: 2 } })
  t.like(report.sites[0]?.rooms[0]?.counts, { bytes: 3_600_000_000 })
  t.like(report.disks, [
    { machine: 'hugo/b204-01', bytes: 3_400_000_000, wipes: ['Windows'], effect: 'destructive' },
    { machine: 'hugo/b204-02', bytes: 200_000_000, wipes: [] },
  ])
  const text = planReportText(report, 'fr')
  t.regex(text, /environ 3,6.Go à transférer/)
  t.regex(text, /hugo\/b204-01.: perdu.: Windows/)
  t.regex(text, /b204-02 — mettre le disque à niveau vers l’image debian-edu@2026\.09/)
  t.regex(text, /\n {2}hugo\/b204-01, hugo\/b204-02\n/)
  t.regex(planReportMarkdown(report, 'en'), /\| to move \| work \|\n.*\n.*\| 3\.6 GB \| \d+ minutes \|/)
})

test('what a disk loses is not known where its own system was read alone, and that is said', (t) => {
  const of = profile({ digest: digest('imaged'), disk: wantedDisk() })
  const ids = ['hugo/b204-01', 'hugo/b204-02']
  const desired = park(
    ids.map((id) => machine(id, of)),
    { server },
  )
  const seen = ids.map((id) => up(id, facts(), { disk: observedDisk() }))
  const report = reportPlan(desired, plan(planInput(desired, seen)))
  t.deepEqual(
    report.disks.map((disk) => 'wipes' in disk),
    [false, false],
  )
  t.regex(
    planReportText(report, 'en'),
    /hugo\/b204-01, hugo\/b204-02: what is on it was not read: all but what the layout keeps may be lost/,
  )
  t.regex(planReportText(report, 'fr'), /tout peut être perdu, sauf ce que conserve le partitionnement/)
})

test('of PCs whose disk nobody has looked at the plan tells what is done to it once they show up', (t) => {
  const imaged = profile({ digest: digest('imaged'), disk: wantedDisk() })
  const { manifest: _, ...unimported } = wantedDisk()
  const ignored = { ...profile().drift, disk: 'ignore' } as const
  const machines = [
    machine('hugo/b204-01', imaged),
    machine('hugo/b204-02', imaged),
    machine('hugo/b204-03', profile()),
    machine('hugo/b204-04', profile({ disk: unimported })),
    machine('hugo/b204-05', profile({ disk: wantedDisk(), drift: ignored })),
    machine('hugo/b204-06', imaged),
  ]
  const desired = park(machines, { server })
  const images = new Map([
    [wantedDisk().manifest ?? '', { usedBytes: 9e9, storedBytes: 3e9, deltaBytes: () => undefined }],
  ])
  // 02 is off and its disk was never read, 06 has been seen to have the image.
  const seen = [off('hugo/b204-02'), up('hugo/b204-06', facts(), { disk: observedDisk(wantedDisk()) })]
  const input = planInput(desired, seen, { images })
  const report = reportPlan(desired, plan(input), undefined, input)
  t.like(report.unseenDisks, [
    { machine: 'hugo/b204-01', effect: 'destructive', bytes: 3e9, image: 'debian-edu@2026.09' },
    { machine: 'hugo/b204-02', effect: 'destructive', bytes: 3e9 },
  ])
  t.is(report.unseenDisks.length, 2)
  t.deepEqual(report.wiped, [], 'nothing is decided on them')
  const line =
    /hugo\/b204-01, hugo\/b204-02 — write image debian-edu@2026\.09 to the disk \(what is on it was not read: .*\), about 6\.0 GB to move/
  t.regex(planReportText(report, 'en'), /\nDisks never looked at: rewritten once they show up/)
  t.regex(planReportText(report, 'en'), line)
  t.regex(planReportMarkdown(report, 'fr'), /### Disques jamais examinés/)
  t.deepEqual(reportPlan(desired, plan(input)).unseenDisks, [])
})

test('explain tells which image the disk has, since when, and where it differs', (t) => {
  const of = profile({
    digest: digest('imaged'),
    disk: wantedDisk(),
    reset: { policy: 'nightly', keep: ['/home/partage'], by: [] },
    origins: new Map([['image', { file: 'roles/poste.yaml', line: 3, column: 1 }]]),
  })
  const desired = park([machine('hugo/b204-01', of)], { server })
  const disk = observedDisk(wantedDisk(), now - 5000, {
    verified: {
      at: now - 1000,
      manifest: wantedDisk().manifest ?? '',
      differing: [
        { partition: 'root', chunks: 900, differing: 2, files: ['/etc/hosts', '/etc/motd'] },
        { partition: 'esp', chunks: 256, differing: 0 },
      ],
    },
  })
  const id = machineId('hugo/b204-01')
  const request = { id: 'r' as DiskRequestId, machine: id, kind: 'reset', who: 'marie', at: now - 1 } as const
  const explained = explain(id, desired, up(id, facts(), { disk }), undefined, undefined, [], now, [request])
  const lines = explained?.sections.flatMap((section) =>
    section.lines.map((line) => ({ in: section.kind, text: line.text.en, at: line.at, detail: line.detail })),
  )
  for (const line of [
    { in: 'decision', text: 'reset asked for by marie', at: now - 1, detail: undefined },
    { in: 'is', text: 'disk image debian-edu@2026.09, written', at: now - 5000, detail: undefined },
    {
      in: 'is',
      text: 'disk compared: root differs in 2 blocks of 900',
      at: now - 1000,
      detail: '/etc/hosts\n/etc/motd',
    },
    { in: 'wanted', text: 'reset each night', at: undefined, detail: undefined },
    { in: 'wanted', text: 'a reset keeps /home/partage', at: undefined, detail: undefined },
    {
      in: 'differs',
      text: 'make the disk equal to image debian-edu@2026.09 again',
      at: undefined,
      detail: undefined,
    },
  ]) {
    t.true(
      lines?.some((one) => JSON.stringify(one) === JSON.stringify(line)),
      line.text,
    )
  }
})

test('a revision that changes nothing but a policy says which', (t) => {
  const base = park([machine('hugo/b204-01', profile())])
  const head = park([
    machine(
      'hugo/b204-01',
      profile({ digest: digest('other'), windows: [weekly(everyDay, '1:00', '2:00')] }),
    ),
  ])
  t.deepEqual(
    comparePark(base, head).changes.map((group) => group.text.en),
    ['maintenance windows changed'],
  )
})

test('a status counts by lycée, room and kind, and puts equal exceptions together', (t) => {
  const ids = [...room('hugo/b204', 3), ...room('zola/a1', 2)]
  const desired = parkOf(ids, wanting('x', ['vim']))
  const right = facts({ installed: { vim: '9' } })
  const inventory = [
    up('hugo/b204-01', right),
    off('hugo/b204-02', right),
    up('hugo/b204-03', facts({ sessions: [{ user: 'eleve', terminal: 'tty2' }] })),
    up('zola/a1-01', facts({ sessions: [{ user: 'prof', terminal: 'tty2' }] })),
  ]
  const input = planInput(desired, inventory)
  const found = status(desired, input.inventory, plan(input))
  t.like(found.counts, { machines: 5, converged: 2, lastSeen: 1, held: 3, up: 3, off: 1 })
  t.like(found.sites, [
    { id: 'hugo', counts: { machines: 3, converged: 2, held: 1 }, rooms: [{ id: 'hugo/b204' }] },
    { id: 'zola', counts: { machines: 2, held: 2 } },
  ])
  t.deepEqual(
    found.exceptions.map((group) => [group.by, group.machines.length]),
    [
      ['occupied', 2],
      ['fresh', 1],
    ],
  )
})

const history: History = {
  applied: {},
  backoffs: [
    {
      key: 'packages/vim@vim=present' as ChangeKey,
      attempts: 2,
      class: 'retry',
      notBefore: now + 60_000,
      reason: {
        code: 'apt-failed',
        message: say('Apt failed.', 'Apt a échoué.'),
        detail: 'E: Unable to locate vim',
      },
    },
  ],
}

test('an explanation tells what is, what is wanted and where it is written, what differs, what holds it and what failed', (t) => {
  const at = { file: 'roles/art.yaml', line: 12, column: 3 }
  const layer = { kind: 'role', name: 'art' } as const
  const kind = profile({
    roles: ['poste-eleve', 'art'],
    packages: [wantedPackage('vim')],
    scripts: [wantedScript('proxy', 'once')],
    origins: new Map([['packages.vim', { ...at, layer }]]),
  })
  const id = machineId('hugo/b204-01')
  const desired = park([machine(id, kind)])
  const observed = up(id, facts({ sessions: [{ user: 'eleve', terminal: 'tty2' }] }))
  const input = planInput(desired, [observed], { history: new Map([[id, history]]) })
  const decision = plan(input).decisions.get(id)
  const found = explain(id, desired, observed, decision, history, [], now)
  const linesOf = (wanted: string) => found?.sections.find((section) => section.kind === wanted)?.lines ?? []
  t.deepEqual(
    found?.sections.map((section) => section.kind),
    ['decision', 'is', 'wanted', 'differs', 'failed'],
  )
  t.true(linesOf('is').some((line) => line.text.fr.includes('eleve (tty2)')))
  t.like(linesOf('wanted')[0], { text: { en: 'package vim' }, origin: at, layer: { fr: 'rôle art' } })
  t.like(linesOf('differs')[0], { text: { en: 'install vim' }, origin: at })
  t.like(linesOf('failed')[0], { detail: 'E: Unable to locate vim', until: now + 60_000 })
  t.regex(linesOf('failed')[0]?.text.fr ?? '', /packages\/vim, 2 essais.*Apt a échoué/)
})

test('an explanation of a paused machine says who paused it, why and until when', (t) => {
  const id = machineId('hugo/b204-01')
  const desired = park([machine(id, profile({ packages: [wantedPackage('vim')] }))])
  const pauses = [{ scope: { kind: 'park' } as const, who: 'marie', why: 'travaux', at: now, until: now + 5 }]
  const input = planInput(desired, [up(id)], { pauses })
  const found = explain(id, desired, up(id), plan(input).decisions.get(id), undefined, pauses, now)
  const lines = found?.sections[0]?.lines ?? []
  t.is(lines.length, 1)
  t.like(lines[0], { until: now + 5 })
  t.regex(lines[0]?.text.en ?? '', /marie: travaux/)
})

test('a machine that is not in the park has no explanation', (t) => {
  t.is(
    explain(machineId('hugo/x'), park([machine('hugo/b204-01')]), undefined, undefined, undefined, [], now),
    undefined,
  )
})
