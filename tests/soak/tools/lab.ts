/**
 * A real JupyterLab with this tree's kernel, in headless Chromium: opens notebooks, runs their cells, changes the theme, takes
 * screenshots, and collects what goes wrong in the console of the page.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { Jupyter } from "../../kernel/conformance/jupyter.ts";
import { chromium as chromiumPath } from "../../models/onnx/chromium.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
/** The environment of the set-up, which has JupyterLab but no widgets. */
const setUpEnvironment = join(repository, ".venv");

export type Theme = "light" | "dark";

export interface LabOptions {
  /** A Python environment that has JupyterLab. Default: that of the set-up. */
  readonly environment?: string;
  /** Default: light. */
  readonly theme?: Theme;
  /** Size of the page in CSS pixels. Default: 1366 x 900. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Variables of the server's and the kernel's environment, beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The part of JupyterLab's application that is used in the page. */
interface LabApp {
  readonly commands: { execute(command: string, args?: object): Promise<unknown> };
  readonly shell: {
    readonly currentWidget: {
      readonly content: {
        activeCellIndex: number;
        readonly widgets: readonly { readonly model: { readonly executionState: string } }[];
        scrollToItem(index: number, align: string): Promise<void>;
      };
      readonly sessionContext: { readonly session: { readonly kernel: { readonly status: string } | null } | null };
    } | null;
  };
}
declare const jupyterapp: LabApp; // of the page, not of this process

/** Says why there can be no JupyterLab in a browser here; undefined where there can be one. */
export function whyNoLab(environment = setUpEnvironment): string | undefined {
  if (chromiumPath === undefined) return "there is no Chromium: install it, or name one by THAW_CHROMIUM";
  if (!existsSync(join(environment, "bin", "jupyter-lab"))) return `there is no JupyterLab in ${environment}`;
  return undefined;
}

/** A server on the loopback address, a browser, and one page of it. Disposing of it ends server, kernels and browser. */
export class Lab implements AsyncDisposable {
  /** The folder that JupyterLab shows. */
  readonly folder: string;
  readonly page: Page;
  /** Errors of the page: those written to its console, and exceptions that nobody caught. */
  readonly errors: string[] = [];
  readonly #server: ChildProcess;
  readonly #browser: Browser;
  readonly #context: BrowserContext;
  readonly #jupyter: Jupyter;
  readonly #address: string;
  readonly #token: string;

  /** Starts the server and the browser. The page is empty until `open`. */
  static async start(options: LabOptions = {}): Promise<Lab> {
    const { environment = setUpEnvironment, theme = "light", viewport = { width: 1366, height: 900 }, env } = options;
    const jupyter = new Jupyter();
    const folder = mkdtempSync(join(tmpdir(), "thaw-lab-"));
    const token = randomBytes(24).toString("hex");
    const port = await freePort();
    const settings = join(jupyter.folder, "settings", "@jupyterlab", "apputils-extension");
    mkdirSync(settings, { recursive: true });
    writeFileSync(join(settings, "themes.jupyterlab-settings"), JSON.stringify({ theme: themeNames[theme] }));
    const quiet = { fetchNews: "false", checkForUpdates: false }; // a page that asks about news covers the notebook
    writeFileSync(join(settings, "notification.jupyterlab-settings"), JSON.stringify(quiet));
    const server = spawn(
      join(environment, "bin", "jupyter-lab"),
      [
        ...["--no-browser", "--allow-root", "--ip=127.0.0.1", `--port=${port}`, "--ServerApp.port_retries=0"],
        ...[`--ServerApp.root_dir=${folder}`, `--IdentityProvider.token=${token}`],
        ...["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"],
      ],
      {
        cwd: folder,
        env: {
          ...process.env,
          ...env,
          ...{ JUPYTER_PATH: jupyter.folder, JUPYTER_DATA_DIR: jupyter.folder, JUPYTER_RUNTIME_DIR: jupyter.folder },
          ...{ JUPYTER_CONFIG_DIR: join(jupyter.folder, "config"), IPYTHONDIR: jupyter.folder },
          JUPYTERLAB_SETTINGS_DIR: join(jupyter.folder, "settings"),
          JUPYTERLAB_WORKSPACES_DIR: join(jupyter.folder, "workspaces"),
          NODE_DISABLE_COMPILE_CACHE: "1", // a kernel would leave one in the folder for temporary files
        },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let said = "";
    server.stderr?.on("data", (data) => {
      said = (said + String(data)).slice(-20_000);
    });
    let browser: Browser | undefined;
    try {
      const address = `http://127.0.0.1:${port}`;
      await answered(address, token, server, () => said);
      browser = await chromium.launch({ executablePath: chromiumPath as string, args: ["--no-sandbox"] });
      const context = await browser.newContext({ viewport, colorScheme: theme });
      const page = await context.newPage();
      return new Lab({ folder, page, server, browser, context, jupyter, address, token });
    } catch (error) {
      await browser?.close();
      server.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
      jupyter[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(parts: {
    readonly folder: string;
    readonly page: Page;
    readonly server: ChildProcess;
    readonly browser: Browser;
    readonly context: BrowserContext;
    readonly jupyter: Jupyter;
    readonly address: string;
    readonly token: string;
  }) {
    const { folder, page, server, browser, context, jupyter, address, token } = parts;
    this.folder = folder;
    this.page = page;
    this.#server = server;
    this.#browser = browser;
    this.#context = context;
    this.#jupyter = jupyter;
    this.#address = address;
    this.#token = token;
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
  }

  /** Writes a notebook of these code cells into the folder. */
  write(name: string, cells: readonly string[]): void {
    const notebook = {
      cells: cells.map((source, i) => ({
        ...{ cell_type: "code", id: `c${i}`, source, metadata: {}, execution_count: null, outputs: [] },
      })),
      metadata: { kernelspec: { name: "thaw", display_name: "TypeScript (Thaw)", language: "typescript" } },
      nbformat: 4,
      nbformat_minor: 5,
    };
    writeFileSync(join(this.folder, name), JSON.stringify(notebook));
  }

  /** Opens a notebook of the folder, without the side bar, and waits until its kernel is ready. */
  async open(name: string, timeoutMs = 120_000): Promise<void> {
    const workspace = randomBytes(6).toString("hex"); // a new one, so that nothing else is open
    const path = `/lab/workspaces/${workspace}/tree/${encodeURIComponent(name)}?token=${this.#token}`;
    await this.page.goto(this.#address + path);
    await this.page.waitForFunction(
      () => {
        const kernel =
          typeof jupyterapp === "object" && jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
        return kernel && kernel.status === "idle";
      },
      undefined,
      { timeout: timeoutMs },
    );
    await this.page.evaluate(async () => {
      const side = document.querySelector<HTMLElement>("#jp-left-stack");
      if (side !== null && side.offsetWidth > 0) await jupyterapp.commands.execute("application:toggle-left-area");
    });
  }

  /** Runs a command of JupyterLab, as its menus and buttons do. */
  async command(id: string, args: object = {}): Promise<void> {
    await this.page.evaluate(([name, given]) => void jupyterapp.commands.execute(name, given), [id, args] as const);
  }

  /** Begins to run the cell with this index, scrolled to the top of the page. */
  async run(index: number): Promise<void> {
    await this.page.evaluate(async (i) => {
      const content = jupyterapp.shell.currentWidget?.content;
      if (content === undefined) throw new Error("no notebook is open");
      content.activeCellIndex = i;
      await content.scrollToItem(i, "start");
      void jupyterapp.commands.execute("notebook:run-cell");
    }, index);
    await this.page.waitForFunction(
      (i) => {
        const model = jupyterapp.shell.currentWidget?.content.widgets[i]?.model as { executionCount?: number | null };
        return model.executionCount != null || (model as { executionState?: string }).executionState === "running";
      },
      index,
      { timeout: 30_000 },
    );
  }

  /** Waits until the cell with this index has ended. */
  async ended(index: number, timeoutMs = 300_000): Promise<void> {
    await this.page.waitForFunction(
      (i) => jupyterapp.shell.currentWidget?.content.widgets[i]?.model.executionState === "idle",
      index,
      { timeout: timeoutMs, polling: 100 },
    );
  }

  /** Runs the cell with this index to its end, and returns the text of its output as the page shows it. */
  async runToEnd(index: number, timeoutMs?: number): Promise<string> {
    await this.run(index);
    await this.ended(index, timeoutMs);
    return this.output(index).innerText();
  }

  /** Presses the Stop button of the notebook's toolbar. */
  async stop(): Promise<void> {
    await this.page.locator('[data-command="notebook:interrupt-kernel"]').first().click();
  }

  /** The cell with this index. */
  cell(index: number): Locator {
    return this.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(index);
  }

  /** The outputs of the cell with this index. */
  output(index: number): Locator {
    return this.cell(index).locator(".jp-Cell-outputWrapper .jp-OutputArea").first();
  }

  /** Changes the theme, and waits until the page has it. */
  async theme(theme: Theme): Promise<void> {
    await this.page.evaluate(
      (name) => void jupyterapp.commands.execute("apputils:change-theme", { theme: name }),
      themeNames[theme],
    );
    await this.page.waitForFunction(
      (isLight) => document.body.dataset.jpThemeLight === String(isLight),
      theme === "light",
    );
  }

  /** Saves a picture of the page, or of a part of it, as `build/screenshots/NAME.png`, and returns the path. */
  async screenshot(name: string, part?: Locator): Promise<string> {
    const path = join(repository, "build", "screenshots", `${name}.png`);
    await (part ?? this.page).screenshot({ path, animations: "disabled" });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close().catch(() => undefined);
    await this.#browser.close().catch(() => undefined);
    const gone = new Promise((resolve) => this.#server.once("close", resolve));
    this.#server.kill("SIGTERM"); // it ends its kernels
    const timer = setTimeout(() => this.#server.kill("SIGKILL"), 10_000);
    if (this.#server.exitCode === null) await gone;
    clearTimeout(timer);
    rmSync(this.folder, { recursive: true, force: true });
    this.#jupyter[Symbol.dispose]();
  }
}

const themeNames = { light: "JupyterLab Light", dark: "JupyterLab Dark" } as const;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answered(address: string, token: string, server: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < 600 && server.exitCode === null; tries++) {
    const response = await fetch(`${address}/api`, { headers: { authorization: `token ${token}` } }).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`JupyterLab did not start within a minute: ${said()}`);
}
