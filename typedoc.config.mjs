import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Comment, Converter, DeclarationReflection, ReflectionKind } from 'typedoc'
import { MarkdownPageEvent, MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown'

// `npm run docs:api` makes `docs/api` of the docstrings: pages by theme for the main door, one for each other door, and an
// index of all names. Without dates, lines and revisions it is the same wherever it is made, and a test compares it.

const { name, exports } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'))
const doors = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => (subpath === '.' ? 'index' : subpath.slice(2)))

/** The pages of the main door. What it exports is on the first page whose pattern fits the file that it comes from. */
const THEMES = [
  { page: 'middleware', title: 'The middleware', files: /^src\/(index|middleware)\.ts$/ },
  { page: 'accounts', title: 'What verbs take', files: /^src\/service\/(owner|end|work|service|verb)-/ },
  { page: 'service', title: 'The service', files: /^src\/service/ },
  { page: 'session', title: 'The session', files: /^src\/(session\/(?!serializer|events)|request\/)/ },
  { page: 'events', title: 'Events and traces', files: /\/(events|tracing)\.ts$/ },
  { page: 'errors', title: 'Errors', files: /\/errors\.ts$/ },
  { page: 'options', title: 'Options', files: /^src\/(options|config|transports|base|ends)\// },
  { page: 'stores', title: 'Stores', files: /^src\/stores\/(memory|adapters)\// },
  {
    page: 'layers',
    title: 'A cache in front of a store, and buses',
    files: /^src\/(stores\/layered|buses\/|contracts\/bus)/,
  },
  {
    page: 'store-contract',
    title: 'For stores of your own',
    files: /^src\/(contracts\/(end-)?store|stores\/record-text)/,
  },
  {
    page: 'codecs',
    title: 'Codecs, and for codecs of your own',
    files: /^src\/(codecs\/|contracts\/codec|session\/serializer)/,
  },
]
const TITLES = {
  decorators: '@session, for any class',
  'routing-controllers': '@Session(), for routing-controllers',
  typedi: 'Sessions out of typedi',
  redis: 'Redis and Valkey',
  kysely: 'SQL databases',
  dbsc: 'Device-bound sessions (experimental)',
  testing: 'For tests of apps and of stores',
}

/** @type {import('typedoc').TypeDocOptions & import('typedoc-plugin-markdown').PluginOptions} */
export default {
  entryPoints: doors.map((door) => `src/${door}.ts`),
  tsconfig: 'tsconfig.build.json',
  // Types are checked elsewhere; here that would change the order in which the members of a union are told.
  skipErrorChecking: true,
  plugin: ['typedoc-plugin-markdown', byTheme, shorten, indexed],
  theme: 'short',
  out: 'docs/api',
  cleanOutputDir: true,
  router: 'module',
  entryFileName: 'README.md',
  readme: 'none',
  name,
  disableSources: true,
  disableGit: true,
  githubPages: false,
  hideGenerator: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  // Types that a signature names and that no door exports are told in words where they are used.
  validation: { notExported: false, invalidLink: true, notDocumented: false },
  treatValidationWarningsAsErrors: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  pageTitleTemplates: {
    index: () => 'API',
    module: ({ name: page }) => titleOf(page),
  },
  sortEntryPoints: false,
  useCodeBlocks: true,
  expandParameters: true,
  expandObjects: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  enumMembersFormat: 'table',
  tableColumnSettings: { hideSources: true, hideModifiers: true, hideInherited: true, hideOverrides: true },
}

/** Where the names of a page are imported from. */
function doorOf(page) {
  return THEMES.some((theme) => theme.page === page) ? name : `${name}/${page}`
}

function titleOf(page) {
  return THEMES.find((theme) => theme.page === page)?.title ?? TITLES[page] ?? page
}

/** What is on a page is grouped behind that. */
const BEFORE_GROUPS = -50

/** Puts what the main door exports on a page for each theme. */
function byTheme({ converter }) {
  const split = ({ project }) => {
    // Links name their neighbours.
    for (const reflection of Object.values(project.reflections)) converter.resolveLinks(reflection)
    splitMainDoor(project)
  }
  converter.on(Converter.EVENT_RESOLVE_END, split, BEFORE_GROUPS)
}

function splitMainDoor(project) {
  const [main, ...others] = project.children
  const pages = THEMES.map(({ page }) => new DeclarationReflection(page, ReflectionKind.Module, project))
  for (const page of pages) project.registerReflection(page, undefined, undefined)
  for (const child of [...main.children]) {
    const file = project.getSymbolIdFromReflection(child)?.packagePath ?? 'src/index.ts'
    const index = THEMES.findIndex(({ files }) => files.test(file))
    if (index < 0) throw new Error(`${child.name} of ${file} is on no page: give its file to one of THEMES.`)
    main.removeChild(child)
    child.parent = pages[index]
    child.parent.addChild(child)
  }
  project.removeReflection(main)
  project.children = project.childrenIncludingDocuments = [...pages, ...others]
  for (const page of project.children) {
    page.comment = new Comment([{ kind: 'text', text: `Imported from \`${doorOf(page.name)}\`.` }])
  }
}

/** Gives things the names that users know, and leaves out what a class says twice, and what its base class is called. */
function shorten({ converter, renderer }) {
  converter.on(Converter.EVENT_CREATE_PARAMETER, (_context, parameter) => {
    if (parameter.name === '__namedParameters') parameter.name = 'options'
  })
  converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      for (const each of [reflection, reflection.getSignature, reflection.setSignature]) {
        if (each) each.implementationOf = each.inheritedFrom = each.overwrites = undefined
      }
      // A base class that is not exported is nobody's business.
      const bases = reflection.extendedTypes?.filter((type) => type.type !== 'reference' || type.reflection)
      reflection.extendedTypes = bases?.length ? bases : undefined
      sayOnce(reflection.signatures ?? [])
    }
  })
  renderer.defineTheme('short', ShortTheme)
}

/** Several signatures under one comment: it is told with the first of them. */
function sayOnce([first, ...others]) {
  const told = textOf(first?.comment)
  for (const signature of others) if (textOf(signature.comment) === told) signature.comment = undefined
}

function textOf(comment) {
  return JSON.stringify([comment?.summary, comment?.blockTags.map(({ tag, content }) => [tag, content])])
}

class ShortTheme extends MarkdownTheme {
  getRenderContext(page) {
    return new ShortContext(this, page, this.application.options)
  }
}

/** A signature has its type already: what it returns is told where there is something to say of it. */
class ShortContext extends MarkdownThemeContext {
  constructor(...parameters) {
    super(...parameters)
    const { signatureReturns } = this.partials
    this.partials.signatureReturns = (signature, options) =>
      signature.comment?.getTag('@returns') ? signatureReturns(signature, options) : ''
  }
}

/** A table of parameters that says nothing of them: their types are in the signature. */
const BARE_PARAMETERS = /\n#+ Parameters\n\n\| Parameter \| Type \|\n(\|.*\n)+/g

/** What a signature returns, where that is described: its type is in the signature. */
const RETURNED_TYPE = /(\n#+ Returns\n\n)`.*\n\n(?=\w)/g
/** A table of type parameters that says nothing of them. */
const BARE_TYPE_PARAMETERS = /\n#+ Type Parameters\n\n\| Type Parameter \|\n(\|.*\n)+/g

/** The first page lists every name, by page. */
function indexed({ renderer }) {
  renderer.on(MarkdownPageEvent.END, (event) => {
    if (event.model.isProject()) event.contents = indexOf(event.model, renderer.router)
    else event.contents = withoutBareParts(event.contents)
  })
}

function withoutBareParts(page) {
  return page.replace(BARE_PARAMETERS, '').replace(BARE_TYPE_PARAMETERS, '').replace(RETURNED_TYPE, '$1')
}

function indexOf(project, router) {
  const nameOf = ({ name: own, kind }) => `\`${own}${kind === ReflectionKind.Function ? '()' : ''}\``
  const sections = project.children.map((page) => {
    const links = page.children.map((child) => `[${nameOf(child)}](${router.getFullUrl(child)})`)
    return `## [${titleOf(page.name)}](${router.getFullUrl(page)})\n\nFrom \`${doorOf(page.name)}\`: ${links.join(', ')}`
  })
  return `# API\n\n${sections.join('\n\n')}\n`
}
