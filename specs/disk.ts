import type { Compilation } from './compilation.ts'
import type { Profile } from './desired.ts'
import { suggest } from './suggest.ts'
import { say, type Text } from './text.ts'
import { hasCache, systemPartitions } from './wanted-disk.ts'

/** What a boot menu and a reset policy ask of the image's layout; reported where they are written. */
export function checkDisk({ disk, reset, origins }: Profile, { catalog, findings }: Compilation): void {
  const policyAt = origins.get('reset.policy')
  if (disk === undefined) {
    if (reset === undefined || reset.policy === 'never' || policyAt === undefined) return
    findings.warning(
      catalog.placeAt(policyAt),
      'reset-without-image',
      say(
        'These machines have no `image`, so there is nothing that they could be reset to.',
        'Ces machines n’ont pas d’`image` : une remise en état n’aurait rien à quoi revenir.',
      ),
    )
    return
  }
  const bootAt = origins.get('boot.default')
  const systems = systemPartitions(disk.layout).map(({ name }) => name)
  if (bootAt !== undefined && !systems.includes(disk.boot.default)) {
    findings.error(
      catalog.placeAt(bootAt),
      'unknown-boot-partition',
      say(
        `Image “${disk.name}” has no system in a partition “${disk.boot.default}”. With a system: ${systems.join(', ')}.`,
        `L’image « ${disk.name} » n’a pas de système dans une partition « ${disk.boot.default} ». Avec un système : ${systems.join(', ')}.`,
      ),
      suggest(disk.boot.default, systems) ?? (systems.length === 1 ? systems[0] : undefined),
    )
  }
  if (hasCache(disk.layout)) return
  const keepAt = origins.get('reset.keep')
  if (keepAt !== undefined && reset !== undefined && reset.keep.length > 0)
    needsCache(keepAt, keepNeedsCache(disk.name))
  if (policyAt !== undefined && reset?.policy === 'at-boot') needsCache(policyAt, bootNeedsCache(disk.name))

  function needsCache(at: NonNullable<typeof keepAt>, message: Text): void {
    findings.error(catalog.placeAt(at), 'reset-needs-cache', message)
  }
}

const keepNeedsCache = (image: string): Text =>
  say(
    `Kept folders lie in the cache partition while the disk is reset, and image “${image}” has none: add a partition such as \`{ name: cache, type: linux, size: 20GiB, content: cache }\` to its layout.`,
    `Les dossiers conservés sont mis à l’abri dans la partition de cache pendant la remise en état, et l’image « ${image} » n’en a pas : ajoutez à son organisation une partition comme \`{ name: cache, type: linux, size: 20GiB, content: cache }\`.`,
  )

const bootNeedsCache = (image: string): Text =>
  say(
    `A PC that resets itself at each start does so from its cache partition, and image “${image}” has none: add a partition such as \`{ name: cache, type: linux, size: 20GiB, content: cache }\` to its layout.`,
    `Un poste qui se remet en état à chaque démarrage le fait depuis sa partition de cache, et l’image « ${image} » n’en a pas : ajoutez à son organisation une partition comme \`{ name: cache, type: linux, size: 20GiB, content: cache }\`.`,
  )
