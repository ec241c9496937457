/**
 * The lycées of the example. Names and towns sound like the region; PCs, networks and UAI numbers are invented.
 * The PCs add up to 15,000.
 */

/** What is taught there decides which rooms there are. */
export type Teaching = 'general' | 'technologique' | 'polyvalent' | 'professionnel' | 'agricole'

export type Lycee = {
  readonly name: string
  /** Without “Lycée …”, which follows from the teaching. */
  readonly title: string
  readonly city: string
  readonly departement: Departement
  readonly teaching: Teaching
  readonly machines: number
  readonly uplinkMbit: number
  readonly labels: readonly string[]
}

export const departements = {
  doubs: { number: 25, title: 'Doubs' },
  jura: { number: 39, title: 'Jura' },
  'haute-saone': { number: 70, title: 'Haute-Saône' },
  belfort: { number: 90, title: 'Territoire de Belfort' },
} as const
export type Departement = keyof typeof departements

type Row = readonly [
  name: string,
  title: string,
  city: string,
  teaching: Teaching,
  machines: number,
  uplinkMbit: number,
  label?: string,
]

const rows: Readonly<Record<Departement, readonly Row[]>> = {
  doubs: [
    ['victor-hugo', 'Victor Hugo', 'Besançon', 'general', 462, 100],
    ['louis-pasteur', 'Louis Pasteur', 'Besançon', 'general', 455, 100],
    ['claude-nicolas-ledoux', 'Claude-Nicolas Ledoux', 'Besançon', 'polyvalent', 438, 100, 'pilote'],
    ['jules-haag', 'Jules Haag', 'Besançon', 'technologique', 520, 100],
    ['louis-pergaud', 'Louis Pergaud', 'Besançon', 'polyvalent', 556, 100],
    ['tristan-bernard', 'Tristan Bernard', 'Besançon', 'professionnel', 236, 100],
    ['montjoux', 'Montjoux', 'Besançon', 'professionnel', 248, 100],
    ['pierre-adrien-paris', 'Pierre-Adrien Pâris', 'Besançon', 'professionnel', 214, 50],
    ['granvelle', 'Granvelle', 'Dannemarie-sur-Crète', 'agricole', 204, 30],
    ['xavier-marmier', 'Xavier Marmier', 'Pontarlier', 'polyvalent', 372, 50],
    ['toussaint-louverture', 'Toussaint Louverture', 'Pontarlier', 'professionnel', 208, 50],
    ['edgar-faure', 'Edgar Faure', 'Morteau', 'polyvalent', 305, 30],
    ['georges-cuvier', 'Georges Cuvier', 'Montbéliard', 'general', 352, 100],
    ['germaine-tillion', 'Germaine Tillion', 'Montbéliard', 'technologique', 398, 100],
    ['jules-viette', 'Jules Viette', 'Montbéliard', 'technologique', 446, 100],
    ['armand-peugeot', 'Armand Peugeot', 'Valentigney', 'polyvalent', 342, 100],
    ['les-huisselets', 'Les Huisselets', 'Montbéliard', 'professionnel', 216, 50],
    ['nelson-mandela', 'Nelson Mandela', 'Audincourt', 'professionnel', 222, 50],
    ['jeanne-darc', 'Jeanne d’Arc', 'Baume-les-Dames', 'polyvalent', 232, 30],
    ['courbet-ornans', 'Gustave Courbet', 'Ornans', 'general', 196, 20],
    ['du-haut-doubs', 'du Haut-Doubs', 'Levier', 'agricole', 138, 20],
    ['claude-goudimel', 'Claude Goudimel', 'Maîche', 'professionnel', 152, 20],
  ],
  jura: [
    ['jean-michel', 'Jean Michel', 'Lons-le-Saunier', 'general', 408, 100],
    ['le-corbusier', 'Le Corbusier', 'Lons-le-Saunier', 'professionnel', 268, 100],
    ['edgar-pisani', 'Edgar Pisani', 'Montmorot', 'agricole', 226, 50],
    ['charles-nodier', 'Charles Nodier', 'Dole', 'general', 322, 100],
    ['jacques-prevert', 'Jacques Prévert', 'Dole', 'professionnel', 238, 100, 'pilote'],
    ['jacques-duhamel', 'Jacques Duhamel', 'Dole', 'technologique', 366, 100],
    ['paul-emile-victor', 'Paul-Émile Victor', 'Champagnole', 'polyvalent', 278, 30],
    ['victor-berard', 'Victor Bérard', 'Morez', 'technologique', 264, 30],
    ['du-pre-saint-sauveur', 'du Pré Saint-Sauveur', 'Saint-Claude', 'polyvalent', 288, 30],
    ['hyacinthe-friant', 'Hyacinthe Friant', 'Poligny', 'professionnel', 196, 30],
    ['de-la-laiterie', 'de la Laiterie', 'Poligny', 'agricole', 148, 20],
    ['bernard-clavel', 'Bernard Clavel', 'Arbois', 'general', 182, 20],
  ],
  'haute-saone': [
    ['edouard-belin', 'Édouard Belin', 'Vesoul', 'technologique', 424, 100],
    ['les-haberges', 'Les Haberges', 'Vesoul', 'general', 312, 100],
    ['pontarcher', 'Pontarcher', 'Vesoul', 'professionnel', 232, 50],
    ['etienne-munier', 'Étienne Munier', 'Vesoul', 'agricole', 218, 50],
    ['georges-colomb', 'Georges Colomb', 'Lure', 'general', 296, 30],
    ['bartholdi', 'Bartholdi', 'Lure', 'professionnel', 184, 30],
    ['lumiere', 'Lumière', 'Luxeuil-les-Bains', 'polyvalent', 302, 30],
    ['beauregard', 'Beauregard', 'Luxeuil-les-Bains', 'professionnel', 168, 20],
    ['augustin-cournot', 'Augustin Cournot', 'Gray', 'polyvalent', 286, 30, 'pilote'],
    ['henri-fertet', 'Henri Fertet', 'Gray', 'professionnel', 176, 20],
    ['louis-aragon', 'Louis Aragon', 'Héricourt', 'polyvalent', 254, 50],
  ],
  belfort: [
    ['condorcet', 'Condorcet', 'Belfort', 'general', 386, 100],
    ['gustave-courbet', 'Gustave Courbet', 'Belfort', 'polyvalent', 404, 100],
    ['raoul-follereau', 'Raoul Follereau', 'Belfort', 'technologique', 358, 100],
    ['denis-diderot', 'Denis Diderot', 'Bavilliers', 'professionnel', 218, 50],
    ['jules-ferry', 'Jules Ferry', 'Delle', 'professionnel', 176, 30],
    ['lucien-quelet', 'Lucien Quélet', 'Valdoie', 'agricole', 164, 30, 'pilote'],
    ['simone-veil', 'Simone Veil', 'Beaucourt', 'general', 188, 20],
    ['marie-curie', 'Marie Curie', 'Giromagny', 'polyvalent', 158, 20],
  ],
}

export const lycees: readonly Lycee[] = (Object.keys(rows) as Departement[]).flatMap((departement) =>
  rows[departement].map(([name, title, city, teaching, machines, uplinkMbit, label]) => ({
    name,
    title,
    city,
    departement,
    teaching,
    machines,
    uplinkMbit,
    labels: label === undefined ? [] : [label],
  })),
)
