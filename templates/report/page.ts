import { drawCharts } from './charts.js'
import { readData } from './data.js'
import { wakeTables } from './tables.js'
import { wakeTheme } from './theme.js'

wakeTheme()
wakeTables()
drawCharts(readData())
