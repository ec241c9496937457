import * as z from 'zod'
import { name, packageName, scriptName } from './name.ts'
import { absolutePath, userName } from './path.ts'
import { count, duration } from './quantity.ts'
import { about, fields } from './scalar.ts'
import { publicKey } from './ssh-key.ts'
import { imageReference, packageWant } from './version.ts'
import { window } from './window.ts'
import { oneOf, yesOrNo } from './words.ts'

const driftPolicy = () =>
  oneOf(['enforce', 'report', 'ignore'], {
    enforced: 'enforce',
    corriger: 'enforce',
    signaler: 'report',
    ignorer: 'ignore',
  })
const effect = () => oneOf(['quiet', 'disruptive', 'destructive'])

const packageSetting = z.union([
  packageWant(),
  fields({
    version: about(
      packageWant(),
      '`present`, `latest`, `absent`, or a version.',
      '`present`, `latest`, `absent`, ou une version.',
    ).optional(),
    hold: about(
      yesOrNo(),
      'Whether nobody else may upgrade it (`apt-mark hold`).',
      'Interdit à tout autre de le mettre à niveau (`apt-mark hold`).',
    ).optional(),
    effect: about(
      effect(),
      'What its installation does to a person at the PC; replaces what the package itself says.',
      'Ce que son installation fait subir à la personne devant le poste ; remplace ce que dit le paquet.',
    ).optional(),
  }),
])

const scriptSettings = z.union([z.array(scriptName()), z.record(scriptName(), oneOf(['present', 'absent']))])

/** The settings that layer: park defaults < role < lycée < room < machine. */
export const settingsShape = {
  os: about(
    oneOf(['debian', 'windows'], { linux: 'debian', ubuntu: 'debian' }),
    'The operating system; by default the image’s.',
    'Le système d’exploitation ; par défaut celui de l’image.',
    { default: 'debian' },
  ).optional(),
  image: about(
    imageReference(),
    'The disk image and its version.',
    'L’image disque et sa version.',
  ).optional(),
  packages: about(
    z.record(packageName(), packageSetting),
    'Packages by name: `present`, `latest`, `absent`, a version, or a mapping. Others on the PC are left alone.',
    'Paquets par nom : `present`, `latest`, `absent`, une version ou un bloc de champs. Les autres paquets du poste ne sont pas touchés.',
  ).optional(),
  scripts: about(
    scriptSettings,
    'Scripts: a list replaces those of the layers below; a mapping adds (`present`) or removes (`absent`).',
    'Scripts : une liste remplace ceux des couches inférieures ; un bloc ajoute (`present`) ou retire (`absent`).',
  ).optional(),
  windows: about(
    z.array(window),
    'When changes may start, in the lycée’s time zone. A list replaces that of the layers below. None: at any time.',
    'Quand les changements peuvent commencer, dans le fuseau du lycée. Une liste remplace celle des couches inférieures. Aucune : à tout moment.',
  ).optional(),
  boot: about(
    fields({
      default: about(
        name(),
        'The partition whose system starts by itself; by default the first with a system.',
        'La partition dont le système démarre de lui-même ; par défaut la première qui en contient un.',
      ).optional(),
      timeout: about(
        duration(),
        'How long the menu waits for a choice.',
        'Durée pendant laquelle le menu attend un choix.',
        { default: '5s' },
      ).optional(),
      reset: about(
        yesOrNo(),
        'Whether the menu offers to reset the PC.',
        'Propose ou non la remise en état du poste dans le menu.',
        { default: 'true' },
      ).optional(),
    }),
    'The boot menu of PCs whose disk comes from an image.',
    'Le menu de démarrage des postes dont le disque vient d’une image.',
  ).optional(),
  reset: about(
    fields({
      policy: about(
        oneOf(['never', 'on-demand', 'nightly', 'at-boot']),
        'When the PC goes back to its image: never, when somebody asks, each night (once between noon and noon, in a window), or whenever it starts (needs a `cache` partition).',
        'Quand le poste revient à son image : jamais, sur demande, chaque nuit (une fois de midi à midi, dans une fenêtre) ou à chaque démarrage (demande une partition `cache`).',
        { default: 'on-demand' },
      ).optional(),
      keep: about(
        z.array(absolutePath()),
        'Folders that a reset leaves as they are; they need a `cache` partition in the image’s layout.',
        'Dossiers qu’une remise en état laisse intacts ; ils demandent une partition `cache` dans l’organisation du disque.',
      ).optional(),
      by: about(
        z.array(name()),
        'Who may ask for a reset.',
        'Qui peut demander une remise en état.',
      ).optional(),
    }),
    'Going back to the image.',
    'Le retour à l’image.',
  ).optional(),
  userData: about(
    fields({
      migrate: about(
        yesOrNo(),
        'Whether users’ files are kept when the disk is rewritten.',
        'Conserve les fichiers des utilisateurs quand le disque est réécrit.',
      ).optional(),
    }),
    'What becomes of users’ files.',
    'Ce que deviennent les fichiers des utilisateurs.',
  ).optional(),
  drift: about(
    z.union([
      driftPolicy(),
      fields({
        disk: about(
          driftPolicy(),
          'The disk: what a verification found to differ from the image, or another image than ours.',
          'Le disque : ce qu’une vérification a trouvé différent de l’image, ou une autre image que la nôtre.',
          { default: 'report' },
        ).optional(),
        packages: about(driftPolicy(), 'The packages.', 'Les paquets.').optional(),
        scripts: about(driftPolicy(), 'The scripts.', 'Les scripts.').optional(),
        identity: about(driftPolicy(), 'Host name and keys.', 'Nom d’hôte et clés.').optional(),
        reset: about(driftPolicy(), 'Nightly resets.', 'Les remises en état nocturnes.').optional(),
      }),
    ]),
    'What to do when a PC differs without a new commit: `enforce` makes it good, `report` only says so, `ignore` does not look. One word for all, or a mapping by facet.',
    'Que faire quand un poste s’écarte sans nouveau commit : `enforce` corrige, `report` signale seulement, `ignore` ne regarde pas. Un mot pour tout, ou un bloc par facette.',
    { default: 'enforce' },
  ).optional(),
  inUse: about(
    z.union([
      oneOf(['wait', 'quiet']),
      fields({
        warn: about(
          duration(),
          'Tell the user, then go on after this delay.',
          'Prévenir l’utilisateur, puis continuer après ce délai.',
        ),
      }),
    ]),
    'While somebody is logged in: `wait` holds everything, `quiet` lets quiet changes through, `{ warn: 10m }` warns and goes on.',
    'Quand une session est ouverte : `wait` retient tout, `quiet` laisse passer les changements discrets, `{ warn: 10m }` prévient puis continue.',
    { default: 'wait' },
  ).optional(),
  power: about(
    fields({
      wake: about(
        yesOrNo(),
        'Whether the PC may be woken over the network to be changed.',
        'Autorise le réveil du poste par le réseau pour le modifier.',
        { default: 'true' },
      ).optional(),
      reboot: about(
        oneOf(['when-needed', 'never']),
        'Whether it may be restarted after changes that ask for it.',
        'Autorise le redémarrage après les changements qui le demandent.',
        { default: 'when-needed' },
      ).optional(),
    }),
    'Waking and restarting.',
    'Réveil et redémarrage.',
  ).optional(),
  ssh: about(
    fields({
      user: about(userName(), 'The account that manages the PC.', 'Le compte qui gère le poste.', {
        default: 'root',
      }).optional(),
      port: about(
        count(1, 65535),
        'The TCP port of the PC’s SSH server.',
        'Le port TCP du serveur SSH du poste.',
        { default: '22' },
      ).optional(),
      firstContact: about(
        oneOf(['refuse', 'pin']),
        'An unknown host key is refused, or pinned aloud at the first contact.',
        'Une clé d’hôte inconnue est refusée, ou retenue (et signalée) au premier contact.',
        { default: 'refuse' },
      ).optional(),
    }),
    'How the PC is reached.',
    'Comment joindre le poste.',
  ).optional(),
  identity: about(
    fields({
      hostname: about(
        yesOrNo(),
        'Whether the host name is kept equal to the machine’s name.',
        'Maintient le nom d’hôte égal au nom de la machine.',
        { default: 'true' },
      ).optional(),
      authorizedKeys: about(
        z.array(publicKey()),
        'SSH public keys that the managing account must accept; others are left alone.',
        'Clés publiques SSH que le compte de gestion doit accepter ; les autres ne sont pas touchées.',
      ).optional(),
    }),
    'The PC’s name and keys.',
    'Le nom et les clés du poste.',
  ).optional(),
  retry: about(
    fields({
      attempts: about(
        count(1, 100),
        'Attempts before the change waits for a person.',
        'Nombre de tentatives avant d’attendre une intervention.',
        { default: '5' },
      ).optional(),
      base: about(
        duration(),
        'The wait after the first failure; it doubles each time.',
        'L’attente après le premier échec ; elle double à chaque fois.',
        { default: '1m' },
      ).optional(),
      cap: about(duration(), 'The longest wait.', 'L’attente la plus longue.', { default: '1h' }).optional(),
    }),
    'What happens after a failure.',
    'Ce qui se passe après un échec.',
  ).optional(),
} as const

export const settings = fields(settingsShape)
export type Settings = z.output<typeof settings>
