import { discoveredSnippet } from '../../imaging/discovered.ts'
import { parseHello } from '../../imaging/job-codec.ts'
import type { Discovered } from '../../reconciler/store/store.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { iso } from '../output/instant.ts'
import { formatAgo } from '../output/moment.ts'
import { withSession } from '../session.ts'

type Known = Discovered & { readonly firstSeenAt: number }

/** PCs that started from the network and are in no spec, with what to paste into one. */
export const run: Run = (context, given) =>
  withSession(context, given, async ({ store, desired }) => {
    const macs = new Set<string>([...desired.machines.values()].map(({ mac }) => mac))
    // One that was written into a spec since is no stranger any more.
    const strangers = (await store.discovered()).filter(({ mac }) => !macs.has(mac))
    if (context.json) {
      context.writeJson({ discovered: strangers.map(toJson) })
      return exitCode.done
    }
    const { out, text, locale } = context
    if (strangers.length === 0) {
      out.line(
        text(
          say(
            'No PC that is in no spec has started from the network. Start one from the network, while proviseur up runs on the lycée’s server.',
            'Aucun poste absent des spécifications n’a démarré par le réseau. Démarrez-en un par le réseau pendant que proviseur up tourne sur le serveur du lycée.',
          ),
        ),
      )
      return exitCode.done
    }
    const now = context.clock.now()
    for (const one of strangers) {
      const first = formatAgo(one.firstSeenAt, now, locale)
      const last = formatAgo(one.seenAt, now, locale)
      const seen = text(
        say(`first seen ${first}, last ${last}`, `vu la première fois ${first}, la dernière ${last}`),
      )
      out.line(`${out.colors.bold(one.mac)}  ${out.colors.dim(seen)}`)
      for (const line of snippetOf(one).trimEnd().split('\n')) out.line(`      ${line}`)
      out.line()
    }
    out.line(
      out.colors.dim(
        text(
          say(
            'Give each a name, and paste it under `machines:` of its room.',
            'Donnez un nom à chacun et collez-le sous `machines:` de sa salle.',
          ),
        ),
      ),
    )
    return exitCode.done
  })

/** What a newer version wrote, this one may not understand: the address is enough to begin with. */
const snippetOf = ({ mac, hello }: Known): string => {
  const parsed = parseHello(new TextEncoder().encode(hello))
  return parsed.ok ? discoveredSnippet(parsed.value) : `pc-${mac.replaceAll(':', '').slice(6)}: ${mac}\n`
}

const toJson = (one: Known) => ({
  mac: one.mac,
  firstSeenAt: iso(one.firstSeenAt),
  seenAt: iso(one.seenAt),
  hello: JSON.parse(one.hello),
  yaml: snippetOf(one),
})
