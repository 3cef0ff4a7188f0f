// Types of Grafana as JSON writes them: what an enum of strings stands for are its strings.
import type { Dashboard, Panel, RowPanel, FieldConfig } from "@grafana/schema";
import type { Options as Bars } from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as Drawn,
  Options as Lines,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

export type Json<T> = T extends string
  ? `${T}`
  : T extends (infer E)[]
    ? Json<E>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

// A query of the data source Prometheus; its types are no part of @grafana/schema.
interface Target {
  refId: string;
  expr: string;
  legendFormat: string;
  datasource: { type: "prometheus"; uid: string };
  instant?: boolean;
  range?: boolean;
}

type Of<Type extends string, Options, Custom> = Omit<Json<Panel>, "type" | "options" | "fieldConfig" | "targets"> & {
  type: Type;
  options: Partial<Json<Options>>;
  targets: Target[];
  fieldConfig: { defaults: Omit<Json<FieldConfig>, "custom"> & { custom?: Json<Custom> }; overrides: [] };
};

type Known = Of<"timeseries", Lines, Drawn> | Of<"stat", Stat, never> | Of<"bargauge", Bars, never>;

export type Checked = Omit<Json<Dashboard>, "panels"> & { panels: (Known | Json<RowPanel>)[] };
