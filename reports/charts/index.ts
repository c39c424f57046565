export { claimSteps, hasClaimSteps } from "./claimSteps.ts";
export { costAgainstObjective, hasCostAgainstObjective } from "./costAgainstObjective.ts";
export { delayWaterfall, waterfallSize } from "./delayWaterfall.ts";
export { operatingCharacteristic } from "./operatingCharacteristic.ts";
export { type Strip, stageStrips, stageStripsSize } from "./stageStrips.ts";
export { type ChartSpec, PALETTE } from "./theme.ts";
export { type TimelineModel, timelineModel } from "./timelineModel.ts";
export {
  decisionSpots,
  failurePanel,
  latencyPanel,
  type PanelOptions,
  replicaPanel,
  trafficPanel,
} from "./timelinePanels.ts";
export { TIME_PARTS, timeSpentBars, timeSpentSize } from "./timeSpent.ts";
export { topicPanel, topicsOf } from "./topicPanel.ts";
