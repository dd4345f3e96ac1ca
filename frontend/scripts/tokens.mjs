// Copies the tokens of the rule language to where the editor imports them; outside of `frontend` bundlers do not look.
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
copyFileSync(path("../../rules_grammar/editor/tokens.json"), path("../src/components/rules/code/tokens.json"));
