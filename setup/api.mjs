/**
 * `npm run api [-- --write]`: the public interface of the library as one text, docs/api-report/thaw.api.md. Fails where that
 * differs from the sources, on a public name or member without documentation, and on a type in a public signature that
 * src/index.ts does not export, so that nobody can name it. `--write` takes over what the sources say now: a change of the
 * interface is then seen in review. `--declarations=FOLDER` reads the declarations there instead of compiling the sources.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { lastLines, runProgram } from "./child.mjs";
import { SetupProblem } from "./problem.mjs";
import { contextFrom, runMain } from "./program.mjs";

const context = contextFrom([]);
const { root } = context;
const report = join("docs", "api-report", "thaw.api.md");
const made = join(root, "build", "api");

/** Compiles the declarations of what the library exports; returns their folder. */
async function compile() {
  rmSync(made, { recursive: true, force: true }); // what does not compile any more is not read as it was
  const compiler = join(context.paths.modules, "typescript", "bin", "tsc");
  const options = ["--emitDeclarationOnly", "--noEmitOnError", "false", "--outDir", made];
  const { code, output } = await runProgram(process.execPath, [compiler, "-p", "tsconfig.json", ...options], {
    context,
  });
  if (existsSync(join(made, "src", "index.d.ts"))) return made;
  throw new SetupProblem({
    code: "BUILD_FAILED",
    title: "There are no declarations of the library.",
    looked: join(made, "src", "index.d.ts"),
    found: `the compiler ended with code ${code}\n${lastLines(output)}`,
    todo: "Mend what it says, and run the command again.",
  });
}

/**
 * Reads the declarations and returns the report as it should be, and what is wrong with the interface.
 * @param {string} declarations
 * @returns {{ text: string, findings: string[] }}
 */
function read(declarations) {
  const entry = join(declarations, "src", "index.d.ts");
  const none = { logLevel: ExtractorLogLevel.None };
  const error = { logLevel: ExtractorLogLevel.Error };
  const options = { target: "es2023", lib: ["es2023", "esnext.disposable"], module: "nodenext", types: ["node"] };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: entry,
      compiler: {
        overrideTsconfig: { compilerOptions: { ...options, strict: true, skipLibCheck: true }, files: [entry] },
      },
      apiReport: {
        enabled: true,
        reportFileName: "thaw.api.md",
        reportFolder: made,
        reportTempFolder: join(made, "new"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: {
        compilerMessageReporting: { default: error },
        extractorMessageReporting: {
          default: error,
          "ae-undocumented": error,
          "ae-missing-release-tag": none,
          "ae-internal-missing-underscore": none,
        },
        tsdocMessageReporting: { default: none },
      },
    },
    configObjectFullPath: join(root, "setup", "api.mjs"),
    packageJsonFullPath: join(root, "package.json"),
  });
  /** @type {Set<string>} */
  const findings = new Set();
  mkdirSync(made, { recursive: true });
  rmSync(join(made, "thaw.api.md"), { force: true });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      if (message.category !== "console" && message.logLevel === ExtractorLogLevel.Error) {
        const file =
          message.sourceFilePath?.replace(`${declarations}/`, "").replace(/\.d\.ts$/, ".ts") ?? "src/index.ts";
        findings.add(`${file}: ${message.text.replace("index.d.ts", "src/index.ts")}`);
      }
      message.handled = true;
    },
  });
  return { text: readFileSync(join(made, "thaw.api.md"), "utf8"), findings: [...findings].sort() };
}

/**
 * Returns the lines that only one of two texts has.
 * @param {string} before
 * @param {string} after
 */
function changesOf(before, after) {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const [was, is] = [new Set(old), new Set(now)];
  return [
    ...old.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
}

await runMain(async () => {
  const args = process.argv.slice(2);
  const given = args.find((arg) => arg.startsWith("--declarations="))?.slice("--declarations=".length);
  const { text, findings } = read(given === undefined ? await compile() : join(root, given));
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  const committed = existsSync(join(root, report)) ? readFileSync(join(root, report), "utf8") : "";
  if (args.includes("--write")) {
    mkdirSync(dirname(join(root, report)), { recursive: true });
    writeFileSync(join(root, report), text);
    process.stdout.write(`Written: ${report} (${changesOf(committed, text).length} lines differ).\n`);
  } else if (text !== committed) {
    const changes = changesOf(committed, text);
    const shown = changes.slice(0, 20).join("\n");
    const more = changes.length > 20 ? `\n  and ${changes.length - 20} more lines` : "";
    process.stdout.write(
      `The public interface is not the one in ${report}. If that is meant: npm run api -- --write\n${shown}${more}\n`,
    );
    return 1;
  }
  return findings.length === 0 ? 0 : 1;
});
