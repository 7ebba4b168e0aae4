"""The words of Google's interface that this server knows: messages with their fields, and the values of enumerations.

A test compares the table with Google's own description, both ways: no field is missing from a message named here, and
none is of another type. ``*`` means many; ``list`` is a JSON array of any values, ``any`` any value, ``{}`` an object
that this server carries along without looking into it.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENUMS", "MESSAGES", "OTHER_REQUESTS"]

_MESSAGES = """
AddConditionalFormatRuleRequest: index int, rule ConditionalFormatRule
AddNamedRangeRequest: namedRange NamedRange
AddNamedRangeResponse: namedRange NamedRange
AddProtectedRangeRequest: protectedRange ProtectedRange
AddProtectedRangeResponse: protectedRange ProtectedRange
AddSheetRequest: properties SheetProperties
AddSheetResponse: properties SheetProperties
AppendCellsRequest: fields mask, rows *RowData, sheetId int, tableId text
AppendDimensionRequest: dimension Dimension, length int, sheetId int
AppendValuesResponse: spreadsheetId text, tableRange text, updates UpdateValuesResponse
AutoResizeDimensionsRequest: dataSourceSheetDimensions DataSourceSheetDimensionRange, dimensions DimensionRange
BasicFilter: criteria {}, filterSpecs *FilterSpec, range GridRange, sortSpecs *SortSpec, tableId text
BatchClearValuesByDataFilterRequest: dataFilters *DataFilter
BatchClearValuesByDataFilterResponse: clearedRanges *text, spreadsheetId text
BatchClearValuesRequest: ranges *text
BatchClearValuesResponse: clearedRanges *text, spreadsheetId text
BatchGetValuesByDataFilterRequest: dataFilters *DataFilter, dateTimeRenderOption DateTimeRenderOption,
    majorDimension Dimension, valueRenderOption ValueRenderOption
BatchGetValuesByDataFilterResponse: spreadsheetId text, valueRanges *MatchedValueRange
BatchGetValuesResponse: spreadsheetId text, valueRanges *ValueRange
BatchUpdateSpreadsheetRequest: commentsViewMode CommentsViewMode, includeSpreadsheetInResponse bool, requests
    *Request, responseIncludeGridData bool, responseRanges *text
BatchUpdateSpreadsheetResponse: commentUpdateState CommentUpdateState, replies *Response, spreadsheetId text,
    updatedSpreadsheet Spreadsheet
BatchUpdateValuesByDataFilterRequest: data *DataFilterValueRange, includeValuesInResponse bool,
    responseDateTimeRenderOption DateTimeRenderOption, responseValueRenderOption ValueRenderOption, valueInputOption
    ValueInputOption
BatchUpdateValuesByDataFilterResponse: responses *UpdateValuesByDataFilterResponse, spreadsheetId text,
    totalUpdatedCells int, totalUpdatedColumns int, totalUpdatedRows int, totalUpdatedSheets int
BatchUpdateValuesRequest: data *ValueRange, includeValuesInResponse bool, responseDateTimeRenderOption
    DateTimeRenderOption, responseValueRenderOption ValueRenderOption, valueInputOption ValueInputOption
BatchUpdateValuesResponse: responses *UpdateValuesResponse, spreadsheetId text, totalUpdatedCells int,
    totalUpdatedColumns int, totalUpdatedRows int, totalUpdatedSheets int
BooleanCondition: type ConditionType, values *ConditionValue
BooleanRule: condition BooleanCondition, format CellFormat
Border: color Color, colorStyle ColorStyle, style Style, width int
Borders: bottom Border, left Border, right Border, top Border
CellData: chipRuns *{}, dataSourceFormula {}, dataSourceTable {}, dataValidation DataValidationRule, effectiveFormat
    CellFormat, effectiveValue ExtendedValue, formattedValue text, hyperlink text, note text, pivotTable {},
    textFormatRuns *TextFormatRun, userEnteredFormat CellFormat, userEnteredValue ExtendedValue
CellFormat: backgroundColor Color, backgroundColorStyle ColorStyle, borders Borders, horizontalAlignment
    HorizontalAlign, hyperlinkDisplayType HyperlinkDisplayType, numberFormat NumberFormat, padding Padding,
    textDirection TextDirection, textFormat TextFormat, textRotation TextRotation, verticalAlignment VerticalAlign,
    wrapStrategy WrapStrategy
ClearBasicFilterRequest: sheetId int
ClearValuesRequest:
ClearValuesResponse: clearedRange text, spreadsheetId text
Color: alpha number, blue number, green number, red number
ColorStyle: rgbColor Color, themeColor ThemeColorType
ConditionValue: relativeDate RelativeDate, userEnteredValue text
ConditionalFormatRule: booleanRule BooleanRule, gradientRule GradientRule, ranges *GridRange
CopyPasteRequest: destination GridRange, pasteOrientation PasteOrientation, pasteType PasteType, source GridRange
CopySheetToAnotherSpreadsheetRequest: destinationSpreadsheetId text
CreateDeveloperMetadataRequest: developerMetadata DeveloperMetadata
CreateDeveloperMetadataResponse: developerMetadata DeveloperMetadata
CutPasteRequest: destination GridCoordinate, pasteType PasteType, source GridRange
DataFilter: a1Range text, developerMetadataLookup DeveloperMetadataLookup, gridRange GridRange
DataFilterValueRange: dataFilter DataFilter, majorDimension Dimension, values *list
DataSourceSheetDimensionRange: columnReferences *{}, sheetId int
DataValidationRule: condition BooleanCondition, inputMessage text, showCustomUi bool, strict bool
DeleteConditionalFormatRuleRequest: index int, sheetId int
DeleteConditionalFormatRuleResponse: rule ConditionalFormatRule
DeleteDeveloperMetadataRequest: dataFilter DataFilter
DeleteDeveloperMetadataResponse: deletedDeveloperMetadata *DeveloperMetadata
DeleteDimensionRequest: range DimensionRange
DeleteNamedRangeRequest: namedRangeId text
DeleteProtectedRangeRequest: protectedRangeId int
DeleteSheetRequest: sheetId int
DeveloperMetadata: location DeveloperMetadataLocation, metadataId int, metadataKey text, metadataValue text,
    visibility DeveloperMetadataVisibility
DeveloperMetadataLocation: dimensionRange DimensionRange, locationType DeveloperMetadataLocationType, sheetId int,
    spreadsheet bool
DeveloperMetadataLookup: locationMatchingStrategy DeveloperMetadataLocationMatchingStrategy, locationType
    DeveloperMetadataLocationType, metadataId int, metadataKey text, metadataLocation DeveloperMetadataLocation,
    metadataValue text, visibility DeveloperMetadataVisibility
DimensionProperties: dataSourceColumnReference {}, developerMetadata *DeveloperMetadata, hiddenByFilter bool,
    hiddenByUser bool, pixelSize int
DimensionRange: dimension Dimension, endIndex int, sheetId int, startIndex int
DuplicateSheetRequest: insertSheetIndex int, newSheetId int, newSheetName text, sourceSheetId int
DuplicateSheetResponse: properties SheetProperties
Editors: domainUsersCanEdit bool, groups *text, users *text
ErrorValue: message text, type ErrorType
ExtendedValue: boolValue bool, errorValue ErrorValue, formulaValue text, numberValue number, stringValue text
FilterCriteria: condition BooleanCondition, hiddenValues *text, visibleBackgroundColor Color,
    visibleBackgroundColorStyle ColorStyle, visibleForegroundColor Color, visibleForegroundColorStyle ColorStyle
FilterSpec: columnIndex int, dataSourceColumnReference {}, filterCriteria FilterCriteria
FindReplaceRequest: allSheets bool, find text, includeFormulas bool, matchCase bool, matchEntireCell bool, range
    GridRange, replacement text, searchByRegex bool, sheetId int
FindReplaceResponse: formulasChanged int, occurrencesChanged int, rowsChanged int, sheetsChanged int, valuesChanged
    int
GetSpreadsheetByDataFilterRequest: commentsViewMode CommentsViewMode, dataFilters *DataFilter,
    excludeTablesInBandedRanges bool, includeGridData bool
GradientRule: maxpoint InterpolationPoint, midpoint InterpolationPoint, minpoint InterpolationPoint
GridCoordinate: columnIndex int, rowIndex int, sheetId int
GridData: columnMetadata *DimensionProperties, rowData *RowData, rowMetadata *DimensionProperties, startColumn int,
    startRow int
GridProperties: columnCount int, columnGroupControlAfter bool, frozenColumnCount int, frozenRowCount int,
    hideGridlines bool, rowCount int, rowGroupControlAfter bool
GridRange: endColumnIndex int, endRowIndex int, sheetId int, startColumnIndex int, startRowIndex int
InsertDimensionRequest: inheritFromBefore bool, range DimensionRange
InterpolationPoint: color Color, colorStyle ColorStyle, type InterpolationPointType, value text
Link: uri text
MatchedDeveloperMetadata: dataFilters *DataFilter, developerMetadata DeveloperMetadata
MatchedValueRange: dataFilters *DataFilter, valueRange ValueRange
MergeCellsRequest: mergeType MergeType, range GridRange
MoveDimensionRequest: destinationIndex int, source DimensionRange
NamedRange: name text, namedRangeId text, range GridRange
NumberFormat: pattern text, type NumberFormatType
Padding: bottom int, left int, right int, top int
ProtectedRange: description text, editors Editors, namedRangeId text, protectedRangeId int, range GridRange,
    requestingUserCanEdit bool, tableId text, unprotectedRanges *GridRange, warningOnly bool
RepeatCellRequest: cell CellData, fields mask, range GridRange
Request: addConditionalFormatRule AddConditionalFormatRuleRequest, addNamedRange AddNamedRangeRequest,
    addProtectedRange AddProtectedRangeRequest, addSheet AddSheetRequest, appendCells AppendCellsRequest,
    appendDimension AppendDimensionRequest, autoResizeDimensions AutoResizeDimensionsRequest, clearBasicFilter
    ClearBasicFilterRequest, copyPaste CopyPasteRequest, createDeveloperMetadata CreateDeveloperMetadataRequest,
    cutPaste CutPasteRequest, deleteConditionalFormatRule DeleteConditionalFormatRuleRequest,
    deleteDeveloperMetadata DeleteDeveloperMetadataRequest, deleteDimension DeleteDimensionRequest, deleteNamedRange
    DeleteNamedRangeRequest, deleteProtectedRange DeleteProtectedRangeRequest, deleteSheet DeleteSheetRequest,
    duplicateSheet DuplicateSheetRequest, findReplace FindReplaceRequest, insertDimension InsertDimensionRequest,
    mergeCells MergeCellsRequest, moveDimension MoveDimensionRequest, repeatCell RepeatCellRequest, setBasicFilter
    SetBasicFilterRequest, setDataValidation SetDataValidationRequest, sortRange SortRangeRequest, unmergeCells
    UnmergeCellsRequest, updateCells UpdateCellsRequest, updateConditionalFormatRule
    UpdateConditionalFormatRuleRequest, updateDeveloperMetadata UpdateDeveloperMetadataRequest,
    updateDimensionProperties UpdateDimensionPropertiesRequest, updateNamedRange UpdateNamedRangeRequest,
    updateProtectedRange UpdateProtectedRangeRequest, updateSheetProperties UpdateSheetPropertiesRequest,
    updateSpreadsheetProperties UpdateSpreadsheetPropertiesRequest
Response: addNamedRange AddNamedRangeResponse, addProtectedRange AddProtectedRangeResponse, addSheet
    AddSheetResponse, createDeveloperMetadata CreateDeveloperMetadataResponse, deleteConditionalFormatRule
    DeleteConditionalFormatRuleResponse, deleteDeveloperMetadata DeleteDeveloperMetadataResponse, duplicateSheet
    DuplicateSheetResponse, findReplace FindReplaceResponse, updateConditionalFormatRule
    UpdateConditionalFormatRuleResponse, updateDeveloperMetadata UpdateDeveloperMetadataResponse
RowData: values *CellData
SearchDeveloperMetadataRequest: dataFilters *DataFilter
SearchDeveloperMetadataResponse: matchedDeveloperMetadata *MatchedDeveloperMetadata
SetBasicFilterRequest: filter BasicFilter
SetDataValidationRequest: filteredRowsIncluded bool, range GridRange, rule DataValidationRule
Sheet: bandedRanges *{}, basicFilter BasicFilter, charts *{}, columnGroups *{}, commentAnchors *{},
    conditionalFormats *ConditionalFormatRule, data *GridData, developerMetadata *DeveloperMetadata, filterViews
    *{}, merges *GridRange, properties SheetProperties, protectedRanges *ProtectedRange, rowGroups *{}, slicers *{},
    tables *{}
SheetProperties: dataSourceSheetProperties {}, gridProperties GridProperties, hidden bool, index int, rightToLeft
    bool, sheetId int, sheetType SheetType, tabColor Color, tabColorStyle ColorStyle, title text
SortRangeRequest: range GridRange, sortSpecs *SortSpec
SortSpec: backgroundColor Color, backgroundColorStyle ColorStyle, dataSourceColumnReference {}, dimensionIndex int,
    foregroundColor Color, foregroundColorStyle ColorStyle, sortOrder SortOrder
Spreadsheet: comments *{}, commentsViewMode CommentsViewMode, dataSourceSchedules *{}, dataSources *{},
    developerMetadata *DeveloperMetadata, namedRanges *NamedRange, properties SpreadsheetProperties, sheets *Sheet,
    spreadsheetId text, spreadsheetUrl text
SpreadsheetProperties: autoRecalc RecalculationInterval, defaultFormat CellFormat,
    importFunctionsExternalUrlAccessAllowed bool, iterativeCalculationSettings {}, locale text, spreadsheetTheme
    SpreadsheetTheme, timeZone text, title text
SpreadsheetTheme: primaryFontFamily text, themeColors *ThemeColorPair
TextFormat: bold bool, fontFamily text, fontSize int, foregroundColor Color, foregroundColorStyle ColorStyle, italic
    bool, link Link, strikethrough bool, underline bool
TextFormatRun: format TextFormat, startIndex int
TextRotation: angle int, vertical bool
ThemeColorPair: color ColorStyle, colorType ThemeColorType
UnmergeCellsRequest: range GridRange
UpdateCellsRequest: fields mask, range GridRange, rows *RowData, start GridCoordinate
UpdateConditionalFormatRuleRequest: index int, newIndex int, rule ConditionalFormatRule, sheetId int
UpdateConditionalFormatRuleResponse: newIndex int, newRule ConditionalFormatRule, oldIndex int, oldRule
    ConditionalFormatRule
UpdateDeveloperMetadataRequest: dataFilters *DataFilter, developerMetadata DeveloperMetadata, fields mask
UpdateDeveloperMetadataResponse: developerMetadata *DeveloperMetadata
UpdateDimensionPropertiesRequest: dataSourceSheetRange DataSourceSheetDimensionRange, fields mask, properties
    DimensionProperties, range DimensionRange
UpdateNamedRangeRequest: fields mask, namedRange NamedRange
UpdateProtectedRangeRequest: fields mask, protectedRange ProtectedRange
UpdateSheetPropertiesRequest: fields mask, properties SheetProperties
UpdateSpreadsheetPropertiesRequest: fields mask, properties SpreadsheetProperties
UpdateValuesByDataFilterResponse: dataFilter DataFilter, updatedCells int, updatedColumns int, updatedData
    ValueRange, updatedRange text, updatedRows int
UpdateValuesResponse: spreadsheetId text, updatedCells int, updatedColumns int, updatedData ValueRange, updatedRange
    text, updatedRows int
ValueRange: majorDimension Dimension, range text, values *list
"""

_ENUMS = """
InsertDataOption: OVERWRITE INSERT_ROWS
CommentsViewMode: COMMENTS_VIEW_MODE_UNSPECIFIED COMMENTS_VIEW_MODE_DEFAULT_FOR_CURRENT_ACCESS
    COMMENTS_VIEW_MODE_OMITTED COMMENTS_VIEW_MODE_INCLUDED
CommentUpdateState: COMMENT_UPDATE_STATE_UNSPECIFIED NO_UPDATES_REQUESTED ALL_SAVED ALL_FAILED_UNKNOWN_REASON
Dimension: DIMENSION_UNSPECIFIED ROWS COLUMNS
DateTimeRenderOption: SERIAL_NUMBER FORMATTED_STRING
ValueRenderOption: FORMATTED_VALUE UNFORMATTED_VALUE FORMULA
ValueInputOption: INPUT_VALUE_OPTION_UNSPECIFIED RAW USER_ENTERED
DeveloperMetadataVisibility: DEVELOPER_METADATA_VISIBILITY_UNSPECIFIED DOCUMENT PROJECT
RecalculationInterval: RECALCULATION_INTERVAL_UNSPECIFIED ON_CHANGE MINUTE HOUR
DeveloperMetadataLocationType: DEVELOPER_METADATA_LOCATION_TYPE_UNSPECIFIED ROW COLUMN SHEET SPREADSHEET
HorizontalAlign: HORIZONTAL_ALIGN_UNSPECIFIED LEFT CENTER RIGHT
HyperlinkDisplayType: HYPERLINK_DISPLAY_TYPE_UNSPECIFIED LINKED PLAIN_TEXT
TextDirection: TEXT_DIRECTION_UNSPECIFIED LEFT_TO_RIGHT RIGHT_TO_LEFT
VerticalAlign: VERTICAL_ALIGN_UNSPECIFIED TOP MIDDLE BOTTOM
WrapStrategy: WRAP_STRATEGY_UNSPECIFIED OVERFLOW_CELL LEGACY_WRAP CLIP WRAP
SheetType: SHEET_TYPE_UNSPECIFIED GRID OBJECT DATA_SOURCE
PasteOrientation: NORMAL TRANSPOSE
PasteType: PASTE_NORMAL PASTE_VALUES PASTE_FORMAT PASTE_NO_BORDERS PASTE_FORMULA PASTE_DATA_VALIDATION
    PASTE_CONDITIONAL_FORMATTING
MergeType: MERGE_ALL MERGE_COLUMNS MERGE_ROWS
DeveloperMetadataLocationMatchingStrategy: DEVELOPER_METADATA_LOCATION_MATCHING_STRATEGY_UNSPECIFIED EXACT_LOCATION
    INTERSECTING_LOCATION
ThemeColorType: THEME_COLOR_TYPE_UNSPECIFIED TEXT BACKGROUND ACCENT1 ACCENT2 ACCENT3 ACCENT4 ACCENT5 ACCENT6 LINK
NumberFormatType: NUMBER_FORMAT_TYPE_UNSPECIFIED TEXT NUMBER PERCENT CURRENCY DATE TIME DATE_TIME SCIENTIFIC
SortOrder: SORT_ORDER_UNSPECIFIED ASCENDING DESCENDING
Style: STYLE_UNSPECIFIED DOTTED DASHED SOLID SOLID_MEDIUM SOLID_THICK NONE DOUBLE
ConditionType: CONDITION_TYPE_UNSPECIFIED NUMBER_GREATER NUMBER_GREATER_THAN_EQ NUMBER_LESS NUMBER_LESS_THAN_EQ
    NUMBER_EQ NUMBER_NOT_EQ NUMBER_BETWEEN NUMBER_NOT_BETWEEN TEXT_CONTAINS TEXT_NOT_CONTAINS TEXT_STARTS_WITH
    TEXT_ENDS_WITH TEXT_EQ TEXT_IS_EMAIL TEXT_IS_URL DATE_EQ DATE_BEFORE DATE_AFTER DATE_ON_OR_BEFORE
    DATE_ON_OR_AFTER DATE_BETWEEN DATE_NOT_BETWEEN DATE_IS_VALID ONE_OF_RANGE ONE_OF_LIST BLANK NOT_BLANK
    CUSTOM_FORMULA BOOLEAN TEXT_NOT_EQ DATE_NOT_EQ FILTER_EXPRESSION
InterpolationPointType: INTERPOLATION_POINT_TYPE_UNSPECIFIED MIN MAX NUMBER PERCENT PERCENTILE
RelativeDate: RELATIVE_DATE_UNSPECIFIED PAST_YEAR PAST_MONTH PAST_WEEK YESTERDAY TODAY TOMORROW
ErrorType: ERROR_TYPE_UNSPECIFIED ERROR NULL_VALUE DIVIDE_BY_ZERO VALUE REF NAME NUM N_A LOADING
"""

_OTHER_REQUESTS = """
addBanding addChart addCommentReply addDataSource addDimensionGroup addFilterView addSlicer addTable autoFill
cancelDataSourceRefresh deleteBanding deleteComment deleteCommentReply deleteDataSource deleteDimensionGroup
deleteDuplicates deleteEmbeddedObject deleteFilterView deleteRange deleteTable duplicateFilterView insertComment
insertRange pasteData randomizeRange refreshDataSource textToColumns trimWhitespace updateBanding updateBorders
updateChartSpec updateCommentPost updateDataSource updateDimensionGroup updateEmbeddedObjectBorder
updateEmbeddedObjectPosition updateFilterView updateSlicerSpec updateTable
"""


def _entries(table: str) -> Mapping[str, str]:
    """Return a table's entries by name; an indented line goes on with the one above."""
    joined = table.strip().replace("\n    ", " ").split("\n")
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in joined)}


def _fields(text: str) -> Mapping[str, str]:
    return dict(each.split(" ") for each in text.split(", ")) if text else {}


MESSAGES: Mapping[str, Mapping[str, str]] = {name: _fields(text) for name, text in _entries(_MESSAGES).items()}
"""The fields of each message and their types."""

ENUMS: Mapping[str, tuple[str, ...]] = {name: tuple(text.split()) for name, text in _entries(_ENUMS).items()}
"""The values of each enumeration, in Google's order: numbers are taken too, counting from zero."""

OTHER_REQUESTS = frozenset(_OTHER_REQUESTS.split())
"""Requests of spreadsheets.batchUpdate that exist, and that this server does not carry out."""
