// What makes the pages quicker. Every page works without any of it.
import { times } from "./ago";
import { confirmations } from "./confirm";
import { copying } from "./copy";
import { device } from "./device";
import { drafts } from "./draft";
import { fields } from "./fields";
import { keys } from "./keys";
import { menus } from "./menus";
import { once } from "./once";
import { printing } from "./print";
import { seek } from "./seek";

// The order matters for what happens at a submit: first the question, then what the device keeps, the lock, the draft.
confirmations();
device();
once();
drafts();
fields();
keys();
menus();
printing();
copying();
seek();
times();

// A screen on the wall has nobody to press a key.
const every = Number(document.body.dataset.refresh);
if (every > 0) setTimeout(() => location.reload(), every * 1000);

// htmx is as large as all the rest; it is fetched by pages that use it.
const source = document.body.dataset.htmx;
if (source && document.querySelector("[hx-get],[hx-post],[hx-boost]")) {
  const script = document.createElement("script");
  script.src = source;
  document.head.append(script);
}
