import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Converter } from 'typedoc'

// `npm run docs:api` makes `docs/api` of the docstrings: one page for each door of the package. Without dates, lines and
// revisions it is the same wherever it is made, and a test compares it.

const { name, exports } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'))
const doors = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => (subpath === '.' ? 'index' : subpath.slice(2)))

/** @type {import('typedoc').TypeDocOptions & import('typedoc-plugin-markdown').PluginOptions} */
export default {
  entryPoints: doors.map((door) => `src/${door}.ts`),
  tsconfig: 'tsconfig.build.json',
  plugin: ['typedoc-plugin-markdown', shorten],
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
    module: ({ name: door }) => (door === name ? name : `${name}/${door}`),
  },
  sortEntryPoints: false,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  enumMembersFormat: 'table',
  tableColumnSettings: { hideSources: true, hideModifiers: true, hideInherited: true, hideOverrides: true },
}

/** Gives things the names that users know, and leaves out what a class says twice. */
function shorten({ converter }) {
  converter.on(Converter.EVENT_CREATE_PARAMETER, (_context, parameter) => {
    if (parameter.name === '__namedParameters') parameter.name = 'options'
  })
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const door of project.children ?? []) if (door.name === 'index') door.name = name
  })
  converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      reflection.implementationOf = undefined
      for (const accessor of [reflection.getSignature, reflection.setSignature]) {
        if (accessor) accessor.implementationOf = undefined
      }
    }
  })
}
