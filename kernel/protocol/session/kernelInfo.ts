/** What the kernel says about itself. */
import type { Connection } from "../../shared/connection.ts";
import { type Content, protocolVersion } from "../wire/message.ts";

const kernelVersion = "0.1.0";

export const kernelInfo: Content = {
  status: "ok",
  protocol_version: protocolVersion,
  implementation: "thaw",
  implementation_version: kernelVersion,
  language_info: {
    name: "typescript",
    version: process.versions.node,
    mimetype: "text/typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    codemirror_mode: "typescript",
    nbconvert_exporter: "script",
  },
  banner: `Thaw ${kernelVersion}: TypeScript on Node ${process.version}`,
  help_links: [
    { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
    { text: "Node.js", url: "https://nodejs.org/docs/latest/api/" },
  ],
  debugger: false,
  supported_features: [],
};

/** The content of `connect_reply`. */
export function connectInfo({ shell_port, iopub_port, stdin_port, hb_port, control_port }: Connection): Content {
  return { status: "ok", shell_port, iopub_port, stdin_port, hb_port, control_port };
}
