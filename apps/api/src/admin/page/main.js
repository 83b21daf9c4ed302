import { AuditView } from "./audit-view.js";
import { ConnectionNotice } from "./connection.js";
import { DropletView } from "./droplet-view.js";
import { FailedView } from "./failed-view.js";
import { html, render, useEffect, useRef } from "./htm-preact.js";
import { MeshView } from "./mesh-view.js";
import { Notices } from "./notices.js";
import { TaskView } from "./task-view.js";
import { TasksView } from "./tasks-view.js";
import { ThemeToggle } from "./theme-toggle.js";
import { useRoute } from "./use-route.js";

const SECTIONS = [
  { name: "", title: "Mesh" },
  { name: "tasks", title: "Tasks" },
  { name: "failed", title: "Failed" },
  { name: "audit", title: "Audit" },
];

const BOARD_URL = new URL("../queues", import.meta.url).href;

/** @param {import("./use-route.js").Route} route */
function viewOf({ parts: [section = "", name], query }) {
  if (section === "") return { title: "Mesh", view: html`<${MeshView} />` };
  if (section === "tasks" && name)
    return { title: `Task ${name}`, view: html`<${TaskView} key=${name} id=${name} />` };
  if (section === "tasks") return { title: "Tasks", view: html`<${TasksView} query=${query} />` };
  if (section === "failed")
    return { title: "Failed tasks", view: html`<${FailedView} query=${query} />` };
  if (section === "droplets" && name)
    return { title: `Droplet ${name}`, view: html`<${DropletView} key=${name} name=${name} />` };
  if (section === "audit") return { title: "Audit", view: html`<${AuditView} />` };
  return {
    title: "Nothing here",
    view: html`<h1>Nothing here</h1>
      <p><a href="#/">To the mesh</a></p>`,
  };
}

function Page() {
  const route = useRoute();
  const { title, view } = viewOf(route);
  const path = route.parts.join("/");
  /** @type {{ current: HTMLElement | null }} */
  const content = useRef(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · Orchestrator`;
    // Who follows a link by keyboard or ear begins at the new view, not at the end of the old one.
    if (!isFirst.current) content.current?.focus();
    isFirst.current = false;
  }, [path]);
  const [section = ""] = route.parts;
  return html`<a class="skip" href="#content" onClick=${skip}>Skip to content</a>
    <header class="bar">
      <a class="brand" href="#/">Orchestrator</a>
      <nav aria-label="Views">
        ${SECTIONS.map(
          ({ name, title: label }) =>
            html`<a
              href=${`#/${name}`}
              aria-current=${section === name || (section === "droplets" && name === "") ? "page" : null}
              >${label}</a
            >`,
        )}
        <a href=${BOARD_URL}>Queues</a>
      </nav>
      <div class="bar-end"><${ConnectionNotice} /><${ThemeToggle} /></div>
    </header>
    <main id="content" tabindex="-1" ref=${content}>${view}</main>
    <${Notices} />`;

  function skip(/** @type {Event} */ event) {
    event.preventDefault();
    content.current?.focus();
  }
}

const place = document.getElementById("page");
if (place !== null) {
  place.replaceChildren();
  render(html`<${Page} />`, place);
}
