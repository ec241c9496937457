/** What a plan says of the time ahead, as text and Markdown, in both languages: short goldens. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { forecast } from '../../reconciler/forecast.ts'
import { plan } from '../../reconciler/plan.ts'
import { type PlanReport, reportPlan } from '../../reconciler/plan-report.ts'
import { planReportMarkdown } from '../../reconciler/report-markdown.ts'
import { planReportText } from '../../reconciler/report-text.ts'
import {
  capacity,
  everyDay,
  facts,
  machine,
  manifest,
  now,
  observedDisk,
  off,
  park,
  planInput,
  profile,
  server,
  wantedDisk,
  wantedPackage,
  weekly,
} from './sample-park.ts'

const golden = fileURLToPath(new URL('../golden/forecast/', import.meta.url))
const refresh = process.env['UPDATE_GOLDEN'] === '1'

const night = weekly(everyDay, '19:00', '06:00', { allow: 'destructive' })
const noon = weekly(everyDay, '12:00', '12:20', { allow: 'destructive' })

const names = (room: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${room}-${String(index + 1).padStart(2, '0')}`)

/** Two lycées: a canary room, image and package for the rest, laptops that nobody may wake, and one room with too short a window. */
function report(): PlanReport {
  const imaged = profile({ disk: wantedDisk('2026.10'), packages: [wantedPackage('gimp')], windows: [night] })
  const laptop = profile({
    packages: [wantedPackage('gimp')],
    windows: [night],
    power: { wake: false, reboot: 'when-needed' },
  })
  const machines = [
    ...names('hugo/b204', 3).map((id) => machine(id, imaged)),
    ...names('hugo/b205', 40).map((id) => machine(id, imaged)),
    ...names('zola/a1', 60).map((id) => machine(id, imaged)),
    ...names('zola/chariot', 4).map((id) => machine(id, laptop)),
    ...names('zola/cdi', 2).map((id) => machine(id, { ...imaged, windows: [noon] })),
  ]
  const plain = park(machines, {
    server,
    uplinkBitsPerSecond: 20e6,
    capacity: capacity({ actions: 24, images: 2, lanBitsPerSecond: 1e8, roomShare: 0.5 }),
  })
  const rollout = {
    waves: [{ lycees: ['hugo'], rooms: ['b204'] }, { percent: 50 }, { percent: 100, approval: true }],
    soakMs: 2 * 3_600_000,
    deadlineMs: 48 * 3_600_000,
  }
  const desired = { ...plain, park: { ...plain.park, rollout } }
  const disk = observedDisk(wantedDisk('2026.09'))
  const images = new Map([
    [manifest('2026.10'), { usedBytes: 9e9, storedBytes: 5e9, deltaBytes: () => 1.5e9 }],
  ])
  const seen = machines.map(({ id }) => off(id, facts(), { disk }))
  const input = planInput(desired, seen, { images, now })
  const decided = plan(input)
  const ahead = forecast({ ...input, plan: decided, images })
  return { ...reportPlan(desired, decided), ...(ahead === undefined ? {} : { forecast: ahead }) }
}

/** From the forecast's title to the next heading. */
const chapter = (text: string, isHeading: RegExp): string => {
  const lines = text.split('\n')
  const from = lines.findIndex((line) => /Forecast|Prévision/.test(line))
  const length = lines.slice(from + 1).findIndex((line) => isHeading.test(line))
  return `${lines
    .slice(from, length === -1 ? undefined : from + 1 + length)
    .join('\n')
    .trimEnd()}\n`
}

for (const locale of ['en', 'fr'] as const) {
  for (const [ending, text] of [
    ['txt', chapter(planReportText(report(), locale), /^\S/)],
    ['md', chapter(planReportMarkdown(report(), locale), /^#/)],
  ] as const) {
    test(`the forecast in ${locale} is that of tests/golden/forecast/plan.${locale}.${ending}`, async (t) => {
      const file = `${golden}plan.${locale}.${ending}`
      if (refresh) await writeFile(file, text)
      t.is(text, await readFile(file, 'utf8'))
    })
  }
}
