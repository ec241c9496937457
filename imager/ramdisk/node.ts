/** Node for the ramdisk: the one that runs us. */
import { readFile } from 'node:fs/promises'
import { type Result, refuse, right } from '../../imaging/refusal.ts'
import type { Entry } from './cpio.ts'
import { interpreterOf, isElf, withoutSections } from './elf.ts'
import { librariesOf } from './tools.ts'
import type { Tree } from './tree.ts'

export async function nodeEntries(tree: Tree, executable: string): Promise<Result<readonly Entry[]>> {
  const bytes = await readFile(executable)
  if (process.arch !== 'x64' || !isElf(bytes))
    return refuse('node-for-other-machines', ...otherMachine(executable))
  const { entries, missing } = await librariesOf(tree, bytes)
  if (missing.length > 0 || interpreterOf(bytes) !== '/lib64/ld-linux-x86-64.so.2')
    return refuse('node-not-self-contained', ...notSelfContained(executable), missing.join(' '))
  return right([
    ...entries,
    { kind: 'file', path: 'usr/bin/node', mode: 0o755, bytes: withoutSections(bytes) },
  ])
}

const otherMachine = (executable: string) =>
  [
    `PCs are x86-64, and the Node that runs this (${executable}) is not: build the ramdisk on an x86-64 machine and copy .proviseur/boot from there.`,
    `Les postes sont en x86-64, mais pas le Node utilisé ici (${executable})\u00a0: construisez l’imageur sur une machine x86-64 et copiez-en le dossier .proviseur/boot.`,
  ] as const

const notSelfContained = (executable: string) =>
  [
    `The Node that runs this (${executable}) needs libraries of this system that the ramdisk does not have. Use the one from nodejs.org: take the other out of PATH, and bin/proviseur brings it.`,
    `Le Node utilisé ici (${executable}) dépend de bibliothèques de ce système que l’imageur n’a pas. Utilisez celui de nodejs.org\u00a0: retirez l’autre du PATH, et bin/proviseur l’installera.`,
  ] as const
