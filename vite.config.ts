import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

/** The part of a bundle that the plugins below read. */
type Bundle = Parameters<Extract<Plugin['generateBundle'], (...args: never) => unknown>>[1]

/** Packages that cost start-up time or touch the machine: only a dynamic import may reach them. */
const heavyPackages = [
  '@modelcontextprotocol/sdk',
  'abstract-level',
  'bonjour-service',
  'ws',
  'yjs',
]

/** The one package the bundle leaves outside: it is native and finds its binaries beside itself. */
const nativePackage = 'classic-level'

/** Two copies of yjs do not recognise each other's types and corrupt documents silently. */
const singlePackages = ['yjs', 'lib0']

export default defineConfig({
  plugins: [runnable(), singleCopies(), lightStart(), licences()],
  ssr: { noExternal: true, external: [nativePackage], target: 'node' },
  build: {
    ssr: 'cli/main.ts',
    target: 'node20',
    outDir: 'dist',
    emptyOutDir: true,
    minify: false,
    reportCompressedSize: false,
    rolldownOptions: {
      output: { entryFileNames: 'mesh.js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
})

/** Makes the entry a command: a shebang above it, unless its source has one, and the mode to run it. */
function runnable(): Plugin {
  return {
    name: 'runnable',
    generateBundle(_options, bundle) {
      for (const chunk of chunksOf(bundle)) {
        if (chunk.isEntry && !chunk.code.startsWith('#!')) {
          chunk.code = `#!/usr/bin/env node\n${chunk.code}`
        }
      }
    },
    writeBundle({ dir }) {
      chmodSync(join(dir ?? 'dist', 'mesh.js'), 0o755)
    },
  }
}

/** Fails the build when a package that must exist once was bundled from two places or two formats. */
function singleCopies(): Plugin {
  return {
    name: 'single-copies',
    generateBundle(_options, bundle) {
      const modules = [...new Set(chunksOf(bundle).flatMap((chunk) => chunk.moduleIds))]
      for (const name of singlePackages) {
        const own = modules.filter((id) => packageOf(id)?.name === name)
        const roots = new Set(own.map((id) => packageOf(id)?.root))
        const formats = new Set(own.map((id) => (/\.cjs$/.test(id) ? 'CommonJS' : 'ESM')))
        if (roots.size > 1 || formats.size > 1) {
          this.error(`The bundle holds more than one copy of ${name}:\n${own.join('\n')}`)
        }
      }
    },
  }
}

/** Fails the build when starting the command would already load a heavy package. */
function lightStart(): Plugin {
  return {
    name: 'light-start',
    generateBundle(_options, bundle) {
      const chunks = chunksOf(bundle)
      const reached = new Set(chunks.filter((chunk) => chunk.isEntry))
      for (const chunk of reached) {
        for (const other of chunks) if (chunk.imports.includes(other.fileName)) reached.add(other)
      }
      for (const chunk of reached) {
        const names = chunk.moduleIds.map((id) => packageOf(id)?.name ?? '')
        const heavy = names.find((name) => heavyPackages.includes(name))
        const native = chunk.imports.includes(nativePackage) ? nativePackage : undefined
        if (heavy ?? native) {
          this.error(
            `${heavy ?? native} would load at start, through ${chunk.fileName}: import it lazily.`,
          )
        }
      }
    },
  }
}

/** Gathers the licence texts of everything that is in the bundle, as those licences ask. */
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle(_options, bundle) {
      const packages = new Map<string, string>()
      for (const id of chunksOf(bundle).flatMap((chunk) => chunk.moduleIds)) {
        const owner = packageOf(id)
        if (owner) packages.set(owner.root, owner.name)
      }
      const texts = [...packages]
        .sort((a, b) => (a[1] < b[1] ? -1 : 1))
        .map(([root]) => licenceOf(root))
      const source = `This bundle holds the following packages.\n\n${texts.join('\n')}`
      this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-LICENSES.txt', source })
    },
  }
}

function chunksOf(bundle: Bundle) {
  return Object.values(bundle).filter((output) => output.type === 'chunk')
}

/** The package a bundled module comes from; undefined for our own files and virtual modules. */
function packageOf(id: string): { readonly name: string; readonly root: string } | undefined {
  const clean = id.replace(/^\0+/, '').replace(/\?.*$/, '').replaceAll('\\', '/')
  const match = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(clean)
  const [, root, name] = match ?? []
  return root !== undefined && name !== undefined ? { name, root } : undefined
}

function licenceOf(root: string): string {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const file = readdirSync(root).find((name) => /^(licen[cs]e|copying)/i.test(name))
  const author = manifest.author?.name ?? manifest.author ?? 'its authors'
  const text = file
    ? readFileSync(join(root, file), 'utf8').trim()
    : `Published under ${manifest.license} by ${author}, without a licence file.`
  return `${'-'.repeat(80)}\n${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}\n`
}
