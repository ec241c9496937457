import type { MachineId, PackageName, ScriptName, SecretName, SiteId } from '../ids.ts'
import { say } from '../text.ts'
import { expected, Rejection, scalar } from './scalar.ts'

const labelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

const expects = say(
  'a name of lower-case letters, digits and hyphens (at most 63, none at the ends): a DNS label',
  'un nom en minuscules, chiffres et tirets (63 caractères au plus, pas de tiret aux extrémités) : un label DNS',
)

/** The nearest DNS label: accents and capitals dropped, anything else a hyphen. */
function nearestLabel(text: string): string | undefined {
  const label = text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return labelPattern.test(label) ? label : undefined
}

const label = <Name extends string>() =>
  scalar<Name>({
    expects,
    json: { type: ['string', 'integer'], pattern: labelPattern.source },
    parse: (text) =>
      labelPattern.test(text)
        ? (text as Name)
        : new Rejection('bad-name', expected(expects), nearestLabel(text)),
  })

/** Names of lycées, rooms, machines, roles …: DNS labels, so that host names, file names and URLs can be made of them. */
export const name = () => label<string>()
export const siteName = () => label<SiteId>()
export const machineName = () => label<string & Partial<MachineId>>()
export const packageName = () => label<PackageName>()
export const scriptName = () => label<ScriptName>()
export const secretName = () => label<SecretName>()
