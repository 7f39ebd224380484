// Shows times in the reader's time zone.
import { localise } from "../front/shared/times.js";

localise(document);
