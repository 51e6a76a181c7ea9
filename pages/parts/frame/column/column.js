// Reports how wide the window and the page's column in it are, where that is no longer what the page was drawn for.
const WAIT = 400; // ms without a change before it is reported: a sidebar slides, a window is dragged
const SLACK = 40; // px: less does not change a map's fit visibly, and a scroll bar is no change

const column = () => {
  const block = document.querySelector("[data-testid='stMainBlockContainer']");
  const style = getComputedStyle(block);
  return Math.round(block.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
};
// A report runs the page again, which would end what it is doing: an import, for one.
const busy = () => !document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");

export default function ({ data, parentElement, setStateValue }) {
  parentElement.stopMeasuring?.();
  let timer;
  const report = () => {
    if (busy()) return later();
    if (matchMedia("print").matches) return;
    if (Math.abs(column() - data.column) <= SLACK) return;
    // Only once maps have drawn their new size: until then they would take the view that they had for the new one.
    requestAnimationFrame(() => requestAnimationFrame(() => setStateValue("size", [window.innerWidth, column()])));
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(report, WAIT);
  };
  const watcher = new ResizeObserver(later); // reports once when it begins
  watcher.observe(document.querySelector("[data-testid='stMainBlockContainer']"));
  parentElement.stopMeasuring = () => {
    watcher.disconnect();
    clearTimeout(timer);
  };
  return () => parentElement.stopMeasuring();
}
