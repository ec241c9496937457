import * as z from 'zod'
import { scriptName, secretName } from './name.ts'
import { absolutePath, argument, parkFile, userName } from './path.ts'
import { duration } from './quantity.ts'
import { about, fields } from './scalar.ts'
import { body, line, oneOf } from './words.ts'

const scriptBody = z.union([
  body(),
  fields({ file: about(parkFile('proxy.sh'), 'A file beside this one.', 'Un fichier à côté de celui-ci.') }),
])

export const script = about(
  fields({
    kind: about(z.literal('Script'), 'What this file describes.', 'Ce que décrit ce fichier.'),
    name: about(
      scriptName(),
      'The name that roles and machines use.',
      'Le nom qu’utilisent rôles et machines.',
    ),
    title: about(line(), 'What it does.', 'Ce qu’il fait.').optional(),
    check: about(
      scriptBody,
      'Ends with 0 if all is well; run at every observation, it must change nothing.',
      'Se termine par 0 si tout va bien ; exécuté à chaque observation, il ne doit rien changer.',
    ).optional(),
    apply: about(
      scriptBody,
      'Puts it right: the text itself, or `{ file: … }`.',
      'Remet en ordre : le texte même, ou `{ file: … }`.',
    ),
    when: about(
      oneOf(['change', 'boot', 'once']),
      'Without a check: run when the script changed, at each boot, or once ever.',
      'Sans `check` : exécuté quand le script change, à chaque démarrage, ou une seule fois.',
      { default: 'change' },
    ).optional(),
    interpreter: about(
      z.union([absolutePath(), z.array(argument())]),
      'The program that runs it, with its arguments.',
      'Le programme qui l’exécute, avec ses arguments.',
      { default: '/bin/sh' },
    ).optional(),
    timeout: about(
      duration(),
      'Stopped after this time, with all that it started.',
      'Arrêté après ce délai, avec tout ce qu’il a lancé.',
      { default: '10m' },
    ).optional(),
    runAs: about(
      userName(),
      'The account that runs it; by default the managing account.',
      'Le compte qui l’exécute ; par défaut le compte de gestion.',
    ).optional(),
    secrets: about(
      z.array(secretName()),
      'Secrets that it may read.',
      'Les secrets qu’il peut lire.',
    ).optional(),
    effect: about(
      oneOf(['quiet', 'disruptive', 'destructive']),
      'What it does to a person at the PC.',
      'Ce qu’il fait subir à la personne devant le poste.',
      { default: 'quiet' },
    ).optional(),
  }),
  'A script that puts something right on the PCs.',
  'Un script qui remet quelque chose en ordre sur les postes.',
)
export type ScriptSpec = z.output<typeof script>
