// Improvements only: every page works without this file.
import { initAll } from "./govuk-frontend.js";
import { initAll as initMoj } from "./moj-frontend.js";

document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");
initAll();
initMoj();

// A slider for each list of moments: the list stays, and says where the slider stands.
for (const list of document.querySelectorAll("select[data-ledger-slider]")) {
  const slider = document.createElement("input");
  const last = list.options.length - 1;
  Object.assign(slider, { type: "range", min: 0, max: last, className: "ledger-slide__range" });
  const show = () => {
    slider.value = list.selectedIndex < 0 ? last : list.selectedIndex;
    slider.setAttribute("aria-valuetext", list.options[slider.value].text);
  };
  slider.setAttribute("aria-label", "Slide through the moments of this case");
  slider.addEventListener("input", () => { list.selectedIndex = Number(slider.value); show(); });
  list.addEventListener("change", show);
  list.before(slider);
  show();
}
