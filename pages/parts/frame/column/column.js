// Reports how wide the window and the page's column in it are, where that is no longer what the page was drawn for.
// Prints a dark page in light colours. Gives what Streamlit names in English its name in the page's
// language, and headings levels without gaps.
const WAIT = 400; // ms without a change before it is reported: a sidebar slides, a window is dragged
const SETTLED = 1500; // ms after which maps have taken their new size, and are fitted once more
const SLACK = 40; // px: less does not change a map's fit visibly, and a scroll bar is no change

const column = () => {
  const block = document.querySelector("[data-testid='stMainBlockContainer']");
  const style = getComputedStyle(block);
  return Math.round(block.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
};
// A report runs the page again, which would end what it is doing: an import, for one.
const busy = () => !document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");

// Maps and charts are drawn in the colours of the screen's theme: paper gets a page that is drawn anew, in a tab whose
// name says that it is to be printed once it is there.
const PAPER = "curim-paper";
const toPaper = (event) => {
  const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!asked || !["p", "π"].includes(event.key.toLowerCase())) return;
  const light = new URL(location.href);
  light.searchParams.set("embed", "true");
  light.searchParams.set("embed_options", "light_theme");
  if (window.open(light, PAPER)) event.preventDefault();
};
const QUIET = 10; // times WAIT without anything being drawn, after which charts and maps are there

const printOnceDrawn = () => {
  let quiet = 0;
  const look = () => {
    quiet = busy() || document.querySelector("[data-stale='true'], [data-testid='stSkeleton']") ? 0 : quiet + 1;
    if (quiet < QUIET) return;
    stop();
    window.name = "";
    window.print();
  };
  const watch = setInterval(look, WAIT);
  const stop = () => clearInterval(watch);
  return stop;
};

// A name that is read out, and the words of the link that leads past the side bar.
const HELP = "Help for ";
const rename = (names) => {
  for (const one of document.querySelectorAll("[aria-label]")) {
    const label = one.getAttribute("aria-label");
    const control = Object.keys(names).find((name) => label === name || label.startsWith(`${name}: `));
    const helped = label.startsWith(HELP) ? label.slice(HELP.length) : undefined;
    if (control) one.setAttribute("aria-label", label.replace(control, names[control]));
    else if (helped) one.setAttribute("aria-label", `${names[HELP]}: ${helped}`);
  }
  const skip = document.querySelector("[data-testid='stSkipToContent']")?.firstChild;
  if (skip && names[skip.nodeValue]) skip.nodeValue = names[skip.nodeValue];
};
// Streamlit's subheaders are h3: where nothing between them and the title is h2, they count as that.
const level = () => {
  const main = document.querySelector("[data-testid='stMain']");
  const raised = main.querySelector("h2") ? 0 : 1;
  for (const one of main.querySelectorAll("h3, h4, h5, h6")) one.ariaLevel = String(Number(one.tagName[1]) - raised);
};
const keepRenamed = (names) => {
  let waiting = 0;
  const soon = () => {
    waiting ||= setTimeout(() => {
      waiting = 0;
      rename(names);
      level();
    }, WAIT / 4);
  };
  const watcher = new MutationObserver(soon);
  watcher.observe(document.body, { subtree: true, childList: true, attributeFilter: ["aria-label"] });
  soon();
  return () => watcher.disconnect();
};

export default function ({ data, parentElement, setStateValue }) {
  parentElement.stopMeasuring?.();
  let timer;
  const report = () => {
    if (busy()) return later();
    if (matchMedia("print").matches) return;
    if (Math.abs(column() - data.column) <= SLACK) return;
    // Only once maps have drawn their new size: until then they would take the view that they had for the new one.
    // A page that is not painted has no frames, so the clock sends it too.
    let sent = false;
    const send = () => {
      if (!sent) setStateValue("size", [window.innerWidth, column()]);
      sent = true;
    };
    requestAnimationFrame(() => requestAnimationFrame(send));
    setTimeout(send, 2 * WAIT);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(report, WAIT);
  };
  const again = () => {
    if (busy()) settling = setTimeout(again, WAIT);
    else if (Math.abs(column() - data.column) <= SLACK) setStateValue("size", [window.innerWidth, column(), 1]);
  };
  let settling = data.turn ? 0 : setTimeout(again, SETTLED);
  const watcher = new ResizeObserver(later); // reports once when it begins
  watcher.observe(document.querySelector("[data-testid='stMainBlockContainer']"));
  if (data.dark) window.addEventListener("keydown", toPaper);
  const leaveNames = keepRenamed(data.names);
  const leavePaper = window.name === PAPER ? printOnceDrawn() : () => {};
  const stop = () => {
    watcher.disconnect();
    window.removeEventListener("keydown", toPaper);
    leavePaper();
    leaveNames();
    clearTimeout(timer);
    clearTimeout(settling);
  };
  parentElement.stopMeasuring = stop;
  return stop; // its own: one that was drawn again measures already
}
