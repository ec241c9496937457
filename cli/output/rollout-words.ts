import type { RolloutOrder, WavePolicy } from '../../reconciler/model/rollout.ts'
import { say, type Text } from '../../specs/text.ts'

export const orderNames: Readonly<Record<RolloutOrder['kind'], Text>> = {
  pause: say('Pause', 'Suspension'),
  resume: say('Resume', 'Reprise'),
  approve: say('Approval', 'Approbation'),
  abort: say('Abort', 'Arrêt'),
  rollback: say('Rollback', 'Retour en arrière'),
}

/** Who is in a wave, as its policy says. */
export const waveMembers = (filters: WavePolicy | undefined, isOnly: boolean): Text => {
  if (filters === undefined) {
    return isOnly ? say('everybody at once', 'tous à la fois') : say('all others', 'tous les autres')
  }
  const { lycees, rooms, labels, percent } = filters
  const parts = [
    ...(lycees ?? []),
    ...named(rooms, say('room', 'salle'), say('rooms', 'salles')),
    ...named(labels, say('label', 'étiquette'), say('labels', 'étiquettes')),
    ...(percent === undefined
      ? []
      : [say(`up to ${percent}%`, `jusqu’à ${String(percent).replace('.', ',')}\u00a0%`)]),
  ].map((part) => (typeof part === 'string' ? say(part, part) : part))
  if (parts.length === 0) return say('everybody', 'tous')
  return say(parts.map(({ en }) => en).join(', '), parts.map(({ fr }) => fr).join(', '))
}

const named = (names: readonly string[] | undefined, one: Text, many: Text): readonly Text[] => {
  if (names === undefined) return []
  const title = names.length === 1 ? one : many
  return [say(`${title.en} ${names.join(' ')}`, `${title.fr} ${names.join(' ')}`)]
}
