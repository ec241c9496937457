import type { CalendarRanges } from './calendar.ts'
import type { Catalog } from './catalog.ts'
import type { DesiredSecret, WantedScript } from './desired.ts'
import type { ParkFiles } from './files.ts'
import type { Findings } from './findings.ts'

/** What the parts of one compilation share. */
export type Compilation = {
  readonly files: ParkFiles
  readonly findings: Findings
  readonly catalog: Catalog
  /** By name; each compiled once, whoever uses it. */
  readonly calendars: ReadonlyMap<string, CalendarRanges>
  readonly secrets: ReadonlyMap<string, DesiredSecret>
  readonly scripts: ReadonlyMap<string, WantedScript>
}
