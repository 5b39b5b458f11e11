// Improvements only: every page works without this file.
import { initAll } from "./govuk-frontend.js";
import { initAll as initMoj } from "./moj-frontend.js";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");
initAll();
initMoj();
