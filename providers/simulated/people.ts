/** Pupils, teachers and a caretaker: they turn PCs on, log in, and turn them off, not always when it suits. */
import type { Instant, MachineId } from '../../reconciler/model/ids.ts'
import type { Random } from '../../reconciler/ports.ts'
import type { LocalRange } from '../../specs/desired.ts'
import type { VirtualClock } from './clock.ts'
import type { SimulatedPc } from './pc.ts'
import { between } from './random.ts'
import { isSchoolDay, lessonHours, nextDay, type SchoolDay } from './school-day.ts'

export type Classroom = { readonly timezone: string; readonly pcs: readonly SimulatedPc[] }

export type PeopleParts = {
  readonly clock: VirtualClock
  readonly random: Random
  readonly rooms: readonly Classroom[]
  /** When nobody is there, in local time. */
  readonly holidays: readonly LocalRange[]
  /** They switch a PC off although it says that it is being worked on. */
  readonly isCareless: () => boolean
  /** A PC was turned on: its network card asks for an address, and may be heard. */
  readonly onStart: (machine: MachineId) => void
}

/** How many of the lessons of a day a room has, and how many of its PCs are used in one. */
const lessonShare = 0.55
const usedShare = 0.85
/** Whether a pupil switches off after the day's last lesson, and the caretaker what is still on. */
const pupilSwitchesOff = 0.65
const caretakerSwitchesOff = 0.6
/** PCs that nobody ever switches off. */
const alwaysOnShare = 0.04

const minuteMs = 60_000
/** Nobody sees seconds, and fewer instants are fewer steps of the clock. */
const roundedMs = 10_000

/** Sets everything up for as long as the clock goes. */
export const sendPeople = (parts: PeopleParts): void => {
  const { clock, random } = parts
  const alwaysOn = new Set<SimulatedPc>()
  for (const { pcs } of parts.rooms) for (const pc of pcs) if (random() < alwaysOnShare) alwaysOn.add(pc)

  const turnOn = (pc: SimulatedPc): void => {
    if (pc.isOn()) return
    clock.at(clock.now() + pc.model.bootMs, () => {
      pc.powerOn()
      parts.onStart(pc.id)
    })
  }
  const turnOff = (pc: SimulatedPc): void => {
    if (alwaysOn.has(pc) || pc.sessions.length > 0) return
    if ((pc.record.running() !== undefined || pc.inImager()) && !parts.isCareless()) return
    pc.powerOff()
  }
  const logIn = (pc: SimulatedPc): void => {
    if (pc.isOn() && !pc.inImager() && !pc.hangs()) pc.sessions = somebody
  }

  const act = (pc: SimulatedPc, deed: Deed): void => {
    if (deed === 'switch-off') turnOff(pc)
    else if (deed === 'leave') pc.sessions = []
    else {
      turnOn(pc)
      if (deed === 'work') logIn(pc)
    }
  }

  const planPc = (place: number, day: SchoolDay, lessons: readonly number[], agenda: Agenda): void => {
    const own = lessons.filter(() => random() < usedShare)
    for (const [index, hour] of own.entries()) {
      const begins = day.at(hour * 60) + between(random, 0, 6) * minuteMs
      if (index === 0) agenda.add(begins, place, 'come')
      agenda.add(begins + between(random, 2, 6) * minuteMs, place, 'work')
      agenda.add(day.at(hour * 60 + 52) + between(random, 0, 6) * minuteMs, place, 'leave')
    }
    const last = own.at(-1)
    if (last === undefined) return
    if (random() < pupilSwitchesOff) {
      agenda.add(day.at(last * 60 + 59) + between(random, 0, 8) * minuteMs, place, 'switch-off')
    } else if (random() < caretakerSwitchesOff) {
      agenda.add(day.at(18 * 60 + 30) + between(random, 0, 60) * minuteMs, place, 'switch-off')
    }
  }

  const planDays = (room: Classroom): void => {
    const day = nextDay(room.timezone, clock.now())
    if (isSchoolDay(day.date, parts.holidays)) {
      const lessons = lessonHours.filter(() => random() < lessonShare)
      const agenda = createAgenda(clock, room.pcs, act)
      for (const place of room.pcs.keys()) planPc(place, day, lessons, agenda)
      agenda.begin()
    }
    clock.at(day.at(6 * 60 + 1), () => planDays(room))
  }

  for (const room of parts.rooms) {
    for (const pc of room.pcs) if (alwaysOn.has(pc)) pc.powerOn()
    planDays(room)
  }
}

/** `work`: whoever comes to a PC that is off turns it on. What happens at one PC at one instant happens in this order. */
const deeds = ['come', 'work', 'leave', 'switch-off'] as const
type Deed = (typeof deeds)[number]

type Agenda = {
  /** @param place of the PC in its room */
  add(at: Instant, place: number, deed: Deed): void
  /** Nothing can be added any more. */
  begin(): void
}

/** More than any room has. */
const places = 4096

/**
 * What people do in a room in a day. In a region it is hundreds of thousands of deeds: each is a number, which tells when, where and
 * what, and each room waits for its next only.
 */
const createAgenda = (
  clock: VirtualClock,
  pcs: readonly SimulatedPc[],
  act: (pc: SimulatedPc, deed: Deed) => void,
): Agenda => {
  /** Sorted, the last first. */
  const entries: number[] = []
  const instantOf = (entry: number): Instant => Math.floor(entry / deeds.length / places) * roundedMs
  const goOn = (): void => {
    for (let next = entries.at(-1); next !== undefined; next = entries.at(-1)) {
      if (instantOf(next) > clock.now()) {
        clock.at(instantOf(next), goOn)
        return
      }
      entries.pop()
      const pc = pcs[Math.floor(next / deeds.length) % places]
      const deed = deeds[next % deeds.length]
      if (pc !== undefined && deed !== undefined) act(pc, deed)
    }
  }
  return {
    add: (at, place, deed) => {
      entries.push((Math.round(at / roundedMs) * places + place) * deeds.length + deeds.indexOf(deed))
    },
    begin: () => {
      entries.sort((one, other) => other - one)
      goOn()
    },
  }
}

const somebody = [{ user: 'eleve', terminal: 'tty7' }] as const
